#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::vault {

// Whose secret it is: scope "integration", "profile", "grant" or "host" and the id of that row (0 for the
// host).
struct SecretName {
  SecretName(std::string s, Id o, std::string n) : scope(std::move(s)), owner(o), name(std::move(n)) {}
  std::string scope;
  Id owner;
  std::string name;
};

// Secrets, encrypted at rest with a key that is not in the database (ACC-4). A stored value is bound to its
// scope, owner and name: moved to another row it does not decrypt. Any thread; the session's transaction is
// the caller's.
class Vault {
 public:
  // Reads the key from `key_file` (32 bytes). Makes it, readable by its owner only, on the very first start:
  // when there is neither a key nor anything in the database that was encrypted. Blocks. Throws, having
  // written nothing, Error{invalid} "vault.missing_key", "vault.wrong_key" or "vault.bad_key", each naming
  // the file; Error{unavailable} "vault.key_file" when the file cannot be read or made. `clock` outlives the
  // vault.
  static std::unique_ptr<Vault> open(store::Store& store, const std::string& key_file, const Clock& clock);
  // Throws what open() would about a key that is there or missing, and writes nothing; also for a database
  // that has no tables yet. For before migrations. Blocks.
  static void check(store::Store& store, const std::string& key_file);
  // The part of it that needs no database: a file that is there holds a key.
  static void check_key_file(const std::string& key_file);
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Replaces what is there. `expires_at`: Unix milliseconds.
  void put(store::Session& session, const SecretName& name, std::string_view value,
           std::optional<std::int64_t> expires_at = {}) const;
  // Nothing when it is not set or has expired. Throws Error{internal} "vault.damaged" when the row was
  // tampered with.
  std::optional<std::string> get(store::Session& session, const SecretName& name) const;
  // Sorted; without expired ones.
  std::vector<std::string> names(store::Session& session, const std::string& scope, Id owner) const;
  bool remove(store::Session& session, const SecretName& name) const;
  // Everything of an owner that goes away.
  void remove_all(store::Session& session, const std::string& scope, Id owner) const;

 private:
  struct Key;
  Vault(std::unique_ptr<const Key> key, const Clock& clock);

  std::unique_ptr<const Key> key_;
  const Clock& clock_;
};

// `bytes` random bytes as A-Z a-z 0-9 _ - : fit for addresses, headers and secrets of webhooks.
std::string generate(std::size_t bytes);

// Overwrites a value that is no longer needed.
void wipe(std::string& value);

}  // namespace patchbay::vault
