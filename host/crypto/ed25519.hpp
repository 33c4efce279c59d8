#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::crypto {

// Ed25519 signatures (RFC 8032). Values; any thread.
class VerifyingKey {
 public:
  static constexpr std::size_t kSize = 32;  // bytes
  // Nothing when `bytes` is not of that size.
  static std::optional<VerifyingKey> from_bytes(std::string_view bytes);

  bool accepts(std::string_view message, std::string_view signature) const;
  const std::string& bytes() const { return bytes_; }
  // How people tell keys apart: the first 16 hex digits of its SHA-256.
  std::string id() const;

 private:
  explicit VerifyingKey(std::string_view bytes) : bytes_(bytes) {}
  std::string bytes_;
};

class SigningKey {
 public:
  static SigningKey generate();
  static std::optional<SigningKey> from_bytes(std::string_view seed);

  std::string sign(std::string_view message) const;  // 64 bytes
  VerifyingKey verifying() const;
  const std::string& bytes() const { return seed_; }

 private:
  explicit SigningKey(std::string_view seed) : seed_(seed) {}
  std::string seed_;
};

}  // namespace patchbay::crypto
