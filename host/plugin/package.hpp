#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/ed25519.hpp"

namespace patchbay::plugin {

// Signed plugin packages (HOST-7). A package is a plugin's folder. `plugin.sig` in it holds one line,
//   patchbay-package-1 <id of the key> <base64 of the Ed25519 signature>
// The signature covers the listing: a first line that names this format, then "<SHA-256 in hex>  <path>" for
// every other file below the folder, ordered by path. So a file that is changed, renamed, added or taken away
// breaks it.
inline constexpr const char* kSignatureFile = "plugin.sig";

class PackageSignature {
 public:
  PackageSignature(std::string key_id_, std::string bytes_)
      : key_id(std::move(key_id_)), bytes(std::move(bytes_)) {}
  std::string key_id;
  std::string bytes;
};

// Throws Error{invalid} for what has no place in a package: a link, a socket, a name that no line can hold.
std::string package_listing(const std::filesystem::path& folder);
// Nothing when the folder has no plugin.sig. Throws Error{invalid} when that file is broken.
std::optional<PackageSignature> read_signature(const std::filesystem::path& folder);
// Writes plugin.sig, anew when there is one.
void sign_package(const std::filesystem::path& folder, const crypto::SigningKey& key);

// One line, "patchbay-ed25519 <base64>" and "patchbay-ed25519-private <base64>"; nothing for any other text.
std::optional<crypto::VerifyingKey> parse_public_key(std::string_view text);
std::optional<crypto::SigningKey> parse_private_key(std::string_view text);
std::optional<PackageSignature> parse_signature(std::string_view text);
std::string public_key_text(const crypto::VerifyingKey& key);
std::string private_key_text(const crypto::SigningKey& key);

// Whose packages may run.
class Trust {
 public:
  Trust() = default;  // everybody's: what is signed is not asked by whom
  // `keys`: folder of <name>.pub files; one that is not there holds none. `only_trusted`: what none of them
  // has signed is refused, but for plugins below `own`, which came with the host and are trusted as it is.
  Trust(std::filesystem::path keys, bool only_trusted, std::filesystem::path own)
      : keys_(std::move(keys)), only_trusted_(only_trusted), own_(std::move(own)) {}

  // Whether a plugin that lies there must bear the signature of a trusted key.
  bool demands_signature(const std::filesystem::path& folder) const;
  // The name of the key that signed what is in the folder; empty when nobody has whom we know. Throws
  // Error{denied} when its signature is not of what is there, and, where one is `demanded`, when it has none
  // of a trusted key.
  std::string signer_of(const std::filesystem::path& folder, bool demanded) const;

  class State {
   public:
    std::string keys;                 // changes with them
    std::vector<std::string> broken;  // files that hold no key
    bool operator==(const State&) const = default;
  };
  State state() const;

 private:
  class Key {
   public:
    Key(std::string name_, crypto::VerifyingKey key_) : name(std::move(name_)), key(std::move(key_)) {}
    std::string name;
    crypto::VerifyingKey key;
  };
  std::vector<Key> read_keys(std::vector<std::string>& broken) const;

  std::filesystem::path keys_;
  bool only_trusted_ = false;
  std::filesystem::path own_;
};

}  // namespace patchbay::plugin
