#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::vault {

// 32 bytes in memory that is locked, guarded and wiped.
class KeyBytes {
 public:
  static constexpr std::size_t kSize = 32;

  // Nothing unless `raw` has kSize bytes.
  static std::optional<KeyBytes> from(std::string_view raw);
  static KeyBytes random();

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.get()), kSize}; }
  // Tells keys apart without giving anything away: stored beside each secret, so that a key can be replaced
  // later.
  std::string id() const;

 private:
  struct Free {
    void operator()(unsigned char* bytes) const;
  };
  KeyBytes();
  std::unique_ptr<unsigned char, Free> bytes_;
};

// XChaCha20-Poly1305 (RFC 8439 with the nonce of draft-irtf-cfrg-xchacha): `bound` is authenticated, not
// stored.
struct Sealed {
  std::string nonce;
  std::string value;
};
Sealed seal(const KeyBytes& key, std::string_view plain, std::string_view bound);
// Nothing when key, nonce, value or `bound` are not those of seal().
std::optional<std::string> open(const KeyBytes& key, const Sealed& sealed, std::string_view bound);

}  // namespace patchbay::vault
