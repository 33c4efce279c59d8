#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/records/definition.hpp"
#include "log/log.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// What kinds of records and which lookups there are: ours and those of admins (REC-1). A change counts for
// the next transaction on every host; it is in the audit log. Any thread; all outlive it. A `version` that is
// given must be the present one, else Error{conflict} "domain.records.changed".
class Objects {
 public:
  Objects(store::Store& store, Clock& clock, IdMint& ids, log::Logger logger);

  // Makes what this release brings known to the database. Before anything else.
  boost::asio::awaitable<void> prepare();
  // Writes keys of fields that came later, again and again, until cancelled.
  boost::asio::awaitable<void> run();
  // One portion; false: there is nothing to do.
  boost::asio::awaitable<bool> fill_some();

  // By code. Throw Error{not_found}.
  boost::asio::awaitable<std::vector<Object>> objects();
  boost::asio::awaitable<Object> object(std::string code);
  boost::asio::awaitable<std::vector<Lookup>> lookups();
  boost::asio::awaitable<Lookup> lookup(std::string code);

  // `document`: as to_json() makes it; what it leaves out is as in Field. Throw Error{invalid} with a
  // diagnostic for whatever cannot be, Error{conflict} for a code that is taken.
  boost::asio::awaitable<Object> create_object(nlohmann::json document, store::Actor who);
  boost::asio::awaitable<Lookup> create_lookup(nlohmann::json document, store::Actor who);
  // What is not named stays; fields are found by their codes, and others are new ones. A field never changes
  // its type, its target or whether it is a list.
  boost::asio::awaitable<Object> change_object(std::string code, nlohmann::json change,
                                               std::optional<std::int64_t> version, store::Actor who);
  // Its values are those that are given; what records hold or came with the host can only be made inactive.
  boost::asio::awaitable<Lookup> change_lookup(std::string code, nlohmann::json change,
                                               std::optional<std::int64_t> version, store::Actor who);
  // One that an admin added, and that has no records and no field points to.
  boost::asio::awaitable<void> remove_object(std::string code, std::optional<std::int64_t> version,
                                             store::Actor who);
  boost::asio::awaitable<void> remove_lookup(std::string code, std::optional<std::int64_t> version,
                                             store::Actor who);

  // Within the caller's transaction, from memory where it is still as it was. With `hold` it stays so until
  // the transaction ends. Throw Error{not_found}.
  std::shared_ptr<const Object> require(store::Session& session, const std::string& code, bool hold);
  std::shared_ptr<const Lookup> require_lookup(store::Session& session, const std::string& code);

 private:
  void audit(store::Session& session, const store::Actor& who, const char* action, const std::string& object,
             const nlohmann::json& detail) const;

  store::Store& store_;
  Clock& clock_;
  IdMint& ids_;
  const log::Logger logger_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Object>> objects_;
  std::map<std::string, std::shared_ptr<const Lookup>> lookups_;
};

}  // namespace patchbay::domain::records
