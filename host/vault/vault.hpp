#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
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
  // Reads the key from `key_file` (32 bytes; several while one replaces another). Makes it, readable by its
  // owner only, on the very first start: when there is neither a key nor anything in the database that was
  // encrypted. Blocks. Throws, having written nothing, Error{invalid} "vault.missing_key", "vault.wrong_key"
  // or "vault.bad_key", each naming the file; Error{unavailable} "vault.key_file" when the file cannot be
  // read or made. `clock` outlives the vault.
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
  // What a secret was before it was replaced, for as long as that is good beside the new one.
  struct Former {
    std::string value;
    std::int64_t until = 0;  // Unix milliseconds
  };
  using Formers = std::map<std::string, Former>;  // by name
  // Puts, and keeps the value that it replaces as the former one until then, or until that would have
  // expired. The same value changes nothing of that; the former one given again takes the replacement back.
  void replace(store::Session& session, const SecretName& name, std::string_view value,
               std::int64_t former_until, std::optional<std::int64_t> expires_at = {}) const;
  // Without those whose time is over, and those that cannot be read.
  Formers formers(store::Session& session, const std::string& scope, Id owner) const;
  // These and no others are the former values of an owner.
  void set_formers(store::Session& session, const std::string& scope, Id owner, const Formers& formers) const;
  // Nothing when it is not set or has expired. Throws Error{internal} "vault.damaged" when the row was
  // tampered with.
  std::optional<std::string> get(store::Session& session, const SecretName& name) const;
  // Sorted; without expired ones.
  std::vector<std::string> names(store::Session& session, const std::string& scope, Id owner) const;
  // With its former value.
  bool remove(store::Session& session, const SecretName& name) const;
  // Takes away what has expired; how many there were.
  std::int64_t sweep(store::Session& session) const;
  // --- rotation (ACC-4): a new key is added, known to every host, used, and when nothing is sealed with the
  // old one any more, that is forgotten. Which key seals is said in the database, so all hosts change at
  // once.

  // Reads the key file again. Throws as open() does; then nothing has changed. Blocks.
  void reload(store::Store& store);
  // Of the keys in the file.
  std::vector<std::string> key_ids() const;
  std::string used_key(store::Session& session) const;
  // Adds a fresh key to the file, or finds one that was added and is not used; its id. Throws
  // Error{unavailable} "vault.key_file" when it cannot be written: then whoever keeps the file appends 32
  // random bytes to it. Blocks.
  std::string add_key(const std::string& used);
  // From now on every host seals with it.
  void use_key(store::Session& session, const std::string& id) const;
  struct Resealed {
    std::int64_t done = 0;
    std::int64_t damaged = 0;        // cannot be opened, and stay as they are
    std::optional<SecretName> last;  // nothing: there are no more
  };
  // Seals the next secrets after `after` that another key sealed with the one that is used; at most `most`.
  Resealed reseal(store::Session& session, const std::optional<SecretName>& after, std::int64_t most) const;
  // Takes every other key out of the file. Blocks.
  void forget_other_keys(const std::string& used);

  // Everything of an owner that goes away.
  void remove_all(store::Session& session, const std::string& scope, Id owner) const;

 private:
  struct Ring;
  Vault(std::shared_ptr<const Ring> ring, std::string key_file, const Clock& clock);
  std::shared_ptr<const Ring> ring() const;
  void set_ring(std::shared_ptr<const Ring> ring);

  const std::string key_file_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Ring> ring_;
};

// `bytes` random bytes as A-Z a-z 0-9 _ - : fit for addresses, headers and secrets of webhooks.
std::string generate(std::size_t bytes);

// Overwrites a value that is no longer needed.
void wipe(std::string& value);

}  // namespace patchbay::vault
