#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/strand.hpp>

#include "base/task_scope.hpp"
#include "domain/processes/impl/call.hpp"
#include "domain/processes/impl/run_table.hpp"
#include "domain/processes/processes.hpp"

namespace patchbay::domain::processes {

// What runs do, on a strand.
struct Processes::State : std::enable_shared_from_this<State> {
  explicit State(Parts p);

  void wake();
  void look_soon();
  boost::asio::awaitable<void> look_while_wanted();
  // True: there may be more.
  boost::asio::awaitable<bool> look();
  boost::asio::awaitable<void> work_built_in(Run run);
  boost::asio::awaitable<void> call(Run run);
  // What was cut off is queued again, for whichever host.
  boost::asio::awaitable<void> give_back();
  boost::asio::awaitable<void> call_once(Run run);
  boost::asio::awaitable<void> end(Run run, Outcome outcome, std::optional<Duration> wait);
  std::int64_t now() const { return parts.clock.now().time_since_epoch().count(); }
  // Its own and those of the host.
  Process require(store::Session& session, const std::string& code);

  Parts parts;
  std::map<std::string, BuiltIn> built_in;
  std::vector<Users> users;
  boost::asio::strand<boost::asio::any_io_executor> strand;
  std::unique_ptr<Clock::Timer> timer;
  bool looking = false;
  bool wanted = false;
  std::map<Id, Run> calls;  // under way
  TaskScope scope;
};

}  // namespace patchbay::domain::processes
