#include "crypto/digest.hpp"

#include <array>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace patchbay::crypto {
namespace {

const EVP_MD* algorithm(Hash hash) {
  switch (hash) {
    case Hash::sha1:
      return EVP_sha1();
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha512:
      return EVP_sha512();
  }
  throw std::runtime_error("libcrypto: unknown hash");
}

void require(bool done) {
  if (!done) throw std::runtime_error("libcrypto: a digest could not be computed");
}

std::string text_of(const std::array<unsigned char, EVP_MAX_MD_SIZE>& bytes, unsigned size) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace

std::optional<Hash> parse_hash(std::string_view name) {
  if (name == "sha1") return Hash::sha1;
  if (name == "sha256") return Hash::sha256;
  if (name == "sha512") return Hash::sha512;
  return std::nullopt;
}

std::string digest(Hash hash, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  require(EVP_Digest(data.data(), data.size(), bytes.data(), &size, algorithm(hash), nullptr) == 1);
  return text_of(bytes, size);
}

std::string hmac(Hash hash, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  // An empty string_view may hold no pointer at all, which HMAC() reads as "the key of the last call".
  const char* const key_data = key.empty() ? "" : key.data();
  const auto* const data = reinterpret_cast<const unsigned char*>(message.data());
  require(HMAC(algorithm(hash), key_data, static_cast<int>(key.size()), data, message.size(), bytes.data(),
               &size) != nullptr);
  return text_of(bytes, size);
}

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    require(context != nullptr);
    restart();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void restart() { require(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view piece) {
  require(EVP_DigestUpdate(state_->context, piece.data(), piece.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->context, bytes.data(), &size) == 1);
  state_->restart();
  return text_of(bytes, size);
}

}  // namespace patchbay::crypto
