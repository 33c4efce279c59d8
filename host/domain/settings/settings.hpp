#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/settings/definition.hpp"
#include "log/log.hpp"
#include "store/actor.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::domain::settings {

// A setting as it is now.
struct Setting {
  Definition definition;
  nlohmann::json value;    // of a secret null; of a file null or {"name", "type", "size", "sha256"}
  bool is_set = false;     // it is not as it comes
  std::optional<Id> blob;  // of a file
  std::optional<std::int64_t> updated_at;  // Unix milliseconds; none: it is as it comes
  std::string updated_by;
};

// System settings of the installation. A change is in effect here when set() returns, and on other hosts
// within a second (SET-3); it is in the audit log with old and new value, of a secret only that it was set.
// Any thread; all outlive it.
class Settings {
 public:
  struct Parts {
    Parts(store::Store& s, Clock& c, IdMint& i, const vault::Vault& v, log::Logger l)
        : store(s), clock(c), ids(i), vault(v), logger(std::move(l)) {}
    store::Store& store;
    Clock& clock;
    IdMint& ids;
    const vault::Vault& vault;
    log::Logger logger;
    std::function<void()> changed;  // a value is another one now, also by another host; on any thread
    std::function<std::vector<Definition>()> of_plugins;  // a code that is the host's stays the host's
  };
  explicit Settings(Parts parts) : parts_(std::move(parts)) {}

  // As this host knows it, without asking the store; the default where what is stored is none any more.
  std::int64_t number(std::string_view code) const;
  std::string text(std::string_view code) const;
  bool yes(std::string_view code) const;
  // Empty: not set.
  boost::asio::awaitable<std::string> secret(std::string code);

  // Sorted by code.
  std::vector<Setting> all() const;
  // These throw Error{not_found} "domain.settings.unknown", which names the nearest code.
  Setting get(const std::string& code) const;
  // The same; nothing for a code that is unknown.
  std::optional<Setting> find(const std::string& code) const;
  // Whether it is known and has a value, if only its default.
  bool has_value(const std::string& code) const;
  // Null: as it comes. Throws Error{invalid} with a diagnostic at /value.
  boost::asio::awaitable<Setting> set(std::string code, nlohmann::json value, store::Actor who);
  // Throws Error{invalid} for what is no setting with a file.
  Definition require_file(const std::string& code) const;
  boost::asio::awaitable<Setting> set_file(std::string code, store::Blob file, store::Actor who);

  // Takes over what is stored. Throws what the store throws.
  boost::asio::awaitable<void> read();
  // Again and again, until cancelled.
  boost::asio::awaitable<void> follow();

  static constexpr Duration kLook{500};

 private:
  struct Stored {
    bool operator==(const Stored&) const = default;
    nlohmann::json value;
    std::optional<Id> blob;
    std::int64_t updated_at = 0;
    std::string updated_by;
  };
  using Values = std::map<std::string, Stored, std::less<>>;

  static Values read_all(store::Session& session);
  std::vector<Definition> known() const;
  Definition require(std::string_view code) const;
  static const Stored* stored_in(const Values& values, const Definition& definition);
  static Setting shown(Definition definition, const Values& values);
  nlohmann::json value_of(std::string_view code) const;
  std::shared_ptr<const Values> values() const;
  boost::asio::awaitable<Setting> store_value(Definition definition, Stored wanted, store::Actor who);
  std::int64_t sets() const;
  // False: something was set since `begun`, so that this may be older than what is known.
  bool take(Values fresh, std::int64_t begun, bool is_set);

  const Parts parts_;
  mutable std::mutex mutex_;
  std::int64_t sets_ = 0;  // how many settings this host has set
  std::shared_ptr<const Values> values_ = std::make_shared<const Values>();
};

}  // namespace patchbay::domain::settings
