#include "crypto/public_key.hpp"

#include <cstdint>
#include <string>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace patchbay::crypto {

namespace {

template <auto release>
struct Releases {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Releases<BN_free>>;
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Releases<EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Releases<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Releases<OSSL_PARAM_free>>;
using Digesting = std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>>;
using Pair = std::unique_ptr<ECDSA_SIG, Releases<ECDSA_SIG_free>>;

constexpr std::size_t kCoordinate = 32;
constexpr std::size_t kLargestModulus = 1024;  // bytes
constexpr int kLeastBits = 2048;

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Number number(std::string_view bytes) {
  return Number(BN_bin2bn(data_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key make(const char* type, const Builder& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
    return nullptr;
  return Key(made);
}

// As libcrypto wants them: DER.
std::string to_der(std::string_view signature) {
  if (signature.size() != 2 * kCoordinate) return {};
  auto r = number(signature.substr(0, kCoordinate));
  auto s = number(signature.substr(kCoordinate));
  const Pair pair(ECDSA_SIG_new());
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* bytes = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

struct PublicKey::State {
  explicit State(Key k) : key(std::move(k)) {}
  Key key;
};

std::optional<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kLargestModulus || exponent.size() > sizeof(std::uint64_t)) return std::nullopt;
  const auto n = number(modulus);
  const auto e = number(exponent);
  if (!n || !e || BN_num_bits(n.get()) < kLeastBits || !BN_is_odd(e.get()) || BN_is_one(e.get()))
    return std::nullopt;
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return std::nullopt;
  auto key = make("RSA", builder);
  if (!key) return std::nullopt;
  return PublicKey(Kind::rsa, std::make_shared<const State>(std::move(key)));
}

std::optional<PublicKey> PublicKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) return std::nullopt;
  const auto point = "\x04" + std::string(x) + std::string(y);  // uncompressed
  const Builder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1)
    return std::nullopt;
  auto key = make("EC", builder);
  if (!key) return std::nullopt;
  return PublicKey(Kind::p256, std::make_shared<const State>(std::move(key)));
}

bool PublicKey::accepts(std::string_view message, std::string_view signature) const {
  const auto der = kind_ == Kind::p256 ? to_der(signature) : std::string(signature);
  const Digesting digesting(EVP_MD_CTX_new());
  return digesting && !der.empty() &&
         EVP_DigestVerifyInit(digesting.get(), nullptr, EVP_sha256(), nullptr, state_->key.get()) == 1 &&
         EVP_DigestVerify(digesting.get(), data_of(der), der.size(), data_of(message), message.size()) == 1;
}

}  // namespace patchbay::crypto
