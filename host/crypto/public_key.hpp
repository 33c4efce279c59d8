#pragma once

#include <memory>
#include <optional>
#include <string_view>

namespace patchbay::crypto {

// A public key as providers publish them (RFC 7518, 6), for the two kinds of signature that they use. A
// value; any thread.
class PublicKey {
 public:
  enum class Kind { rsa, p256 };

  // Unsigned big-endian numbers. Nothing for what is no key of 2048 to 8192 bits, with an odd exponent above
  // one.
  static std::optional<PublicKey> rsa(std::string_view modulus, std::string_view exponent);
  // Coordinates of 32 bytes each. Nothing for what is no point of P-256.
  static std::optional<PublicKey> p256(std::string_view x, std::string_view y);

  Kind kind() const { return kind_; }
  // RSA: RSASSA-PKCS1-v1_5 with SHA-256 (RS256). P-256: ECDSA with SHA-256, 64 bytes (ES256).
  bool accepts(std::string_view message, std::string_view signature) const;

 private:
  struct State;
  PublicKey(Kind kind, std::shared_ptr<const State> state) : kind_(kind), state_(std::move(state)) {}

  Kind kind_;
  std::shared_ptr<const State> state_;
};

}  // namespace patchbay::crypto
