#include "crypto/ed25519.hpp"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"

namespace patchbay::crypto {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::size_t kSignature = 64;

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void check(bool done) {
  if (!done) throw std::runtime_error("libcrypto cannot do Ed25519");
}

Key private_key(std::string_view seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, data_of(seed), seed.size()),
          &EVP_PKEY_free);
  check(key != nullptr);
  return key;
}

Context context() {
  Context made(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  check(made != nullptr);
  return made;
}

}  // namespace

std::optional<VerifyingKey> VerifyingKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  return VerifyingKey(bytes);
}

bool VerifyingKey::accepts(std::string_view message, std::string_view signature) const {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data_of(bytes_), bytes_.size()),
                &EVP_PKEY_free);
  if (!key) return false;
  const auto verifying = context();
  return EVP_DigestVerifyInit(verifying.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(verifying.get(), data_of(signature), signature.size(), data_of(message),
                          message.size()) == 1;
}

std::string VerifyingKey::id() const {
  return to_hex(digest(Hash::sha256, bytes_)).substr(0, 16);
}

SigningKey SigningKey::generate() {
  return SigningKey(random_bytes(VerifyingKey::kSize));
}

std::optional<SigningKey> SigningKey::from_bytes(std::string_view seed) {
  if (seed.size() != VerifyingKey::kSize) return std::nullopt;
  return SigningKey(seed);
}

std::string SigningKey::sign(std::string_view message) const {
  const auto key = private_key(seed_);
  const auto signing = context();
  std::string signature(kSignature, '\0');
  std::size_t size = signature.size();
  check(EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
        EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       data_of(message), message.size()) == 1);
  signature.resize(size);
  return signature;
}

VerifyingKey SigningKey::verifying() const {
  const auto key = private_key(seed_);
  std::string bytes(VerifyingKey::kSize, '\0');
  std::size_t size = bytes.size();
  check(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1);
  return *VerifyingKey::from_bytes(bytes);
}

}  // namespace patchbay::crypto
