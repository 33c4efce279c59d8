#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::crypto {

// SHA-1 is here only because some providers sign their webhooks with it; nothing of ours uses it.
enum class Hash { sha1, sha256, sha512 };

// "sha1", "sha256", "sha512" as manifests write them; nothing for any other word.
std::optional<Hash> parse_hash(std::string_view name);

// Raw bytes, not hex. Any thread; throws std::runtime_error only when libcrypto itself is broken.
std::string digest(Hash hash, std::string_view data);
std::string hmac(Hash hash, std::string_view key, std::string_view message);

// SHA-256 of data that comes in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::string_view piece);
  // The raw digest of all pieces. The object is empty again afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::crypto
