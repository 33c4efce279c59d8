#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/processes/process.hpp"
#include "log/log.hpp"
#include "net/http.hpp"
#include "plugin/caller.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::domain::processes {

// The secret with which calls of a process are signed, as Standard Webhooks write it: "whsec_" and base64.
// Shown once, to whoever made it.
struct MadeProcess {
  Process process;
  std::string secret;
};

// Processes and their runs (REC-3). A run is a row: it survives restarts, and one host at a time has it. What
// calls an address is called at least once, each time with the same webhook-id, and so is a plugin, with the
// same run; a built-in one takes effect exactly once. Any thread; what Parts refers to outlives it.
class Processes {
 public:
  struct Parts {
    Parts(boost::asio::any_io_executor e, Clock& c, IdMint& i, store::Store& s, log::Logger l)
        : executor(std::move(e)), clock(c), ids(i), store(s), logger(std::move(l)) {}
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    log::Logger logger;
    vault::Vault* vault = nullptr;
    net::HttpClient* http = nullptr;
    std::function<std::vector<std::string>()> opened;  // what egress.allow opens (net/egress.hpp)
    plugin::Caller* caller = nullptr;                  // for those of plugins
    std::function<std::vector<Process>()> of_plugins;  // that may run here; any thread
  };
  explicit Processes(Parts parts);
  ~Processes();

  // Runs are kept so long after their end.
  static constexpr Duration kKeep{90LL * 24 * 3'600'000};
  // Takes away at most `most` that are older; returns how many there were.
  static std::int64_t sweep(store::Session& session, TimePoint now, std::int64_t most);

  // Names of what uses a process, in the caller's transaction.
  using Users = std::function<std::vector<std::string>(store::Session&, const std::string& code)>;

  // Before start().
  void add(BuiltIn built_in);
  // A process that has such users is not removed. Whoever comes to use one finds it with find_in().
  void used_by(Users users);
  void start();
  boost::asio::awaitable<void> stop();
  // There may be a run to do; otherwise it is found within a second.
  void wake();
  // One look, to its end: for tests.
  boost::asio::awaitable<void> look();

  // With a tag, where one is given; by code.
  boost::asio::awaitable<std::vector<Process>> list(std::string tag);
  // Throws Error{not_found}. Here and below.
  boost::asio::awaitable<Process> get(std::string code);
  // One that calls an address. `document` as to_json() makes it. Throw Error{invalid}, Error{conflict}; a
  // `version` that is given must be the present one. Each change is in the audit log.
  boost::asio::awaitable<MadeProcess> create(nlohmann::json document, store::Actor who);
  boost::asio::awaitable<Process> change(std::string code, nlohmann::json change,
                                         std::optional<std::int64_t> version, store::Actor who);
  // Error{conflict} while a run of it is under way, and "domain.processes.used" for one that is used.
  boost::asio::awaitable<void> remove(std::string code, std::optional<std::int64_t> version,
                                      store::Actor who);
  // A new secret; calls are signed with the former one too for a day.
  boost::asio::awaitable<MadeProcess> renew_secret(std::string code, store::Actor who);

  // Throws Error{invalid} with diagnostics at /parameters/<code>, Error{conflict} for one that is not active,
  // and what BuiltIn::may throws.
  boost::asio::awaitable<Run> start_run(std::string code, nlohmann::json parameters, Starter who);
  // The same within the caller's transaction, for a caller that knows who may; call wake() when that is
  // committed.
  Run start_in(store::Session& session, const std::string& code, const nlohmann::json& parameters,
               const std::string& who);
  // The process, which is not removed until the caller's transaction ends.
  std::optional<Process> find_in(store::Session& session, const std::string& code);
  // The newest first, before `before` (0: from the newest).
  boost::asio::awaitable<std::vector<Run>> runs(RunFilter filter, Id before, std::size_t limit);
  boost::asio::awaitable<Run> run(Id id);
  // One that failed is tried once more from the beginning. Error{conflict} for one that has not.
  boost::asio::awaitable<Run> retry(Id id, store::Actor who);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::domain::processes
