#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/settings/definition.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::domain::settings {

// A setting as it is now.
struct Setting {
  const Definition* definition = nullptr;
  nlohmann::json value;
  std::optional<std::int64_t> updated_at;  // Unix milliseconds; none: it is as it comes
  std::string updated_by;
};

// System settings of the installation. A change is in effect here when set() returns, and on other hosts
// within a second (SET-3); it is in the audit log with old and new value. Any thread; all outlive it.
class Settings {
 public:
  // `changed`: a value is another one now, also by another host. On any thread.
  Settings(store::Store& store, Clock& clock, IdMint& ids, log::Logger logger, std::function<void()> changed);

  // As this host knows it, without asking the store.
  std::int64_t number(std::string_view code) const;

  std::vector<Setting> all() const;
  // Both throw Error{not_found} "domain.settings.unknown", which names the nearest code.
  Setting get(const std::string& code) const;
  // Null: as it comes. Throws Error{invalid} with a diagnostic at /value.
  boost::asio::awaitable<Setting> set(std::string code, nlohmann::json value, std::string who);

  // Takes over what is stored. Throws what the store throws.
  boost::asio::awaitable<void> read();
  // Again and again, until cancelled.
  boost::asio::awaitable<void> follow();

  static constexpr Duration kLook{500};

 private:
  struct Stored {
    bool operator==(const Stored&) const = default;
    nlohmann::json value;
    std::int64_t updated_at = 0;
    std::string updated_by;
  };
  using Values = std::map<std::string, Stored, std::less<>>;

  static Values read_all(store::Session& session);
  std::shared_ptr<const Values> values() const;
  void take(Values fresh);

  store::Store& store_;
  Clock& clock_;
  IdMint& ids_;
  const log::Logger logger_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Values> values_ = std::make_shared<const Values>();
};

}  // namespace patchbay::domain::settings
