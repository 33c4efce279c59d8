#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/calls/lookout.hpp"
#include "domain/processes/impl/call.hpp"
#include "domain/processes/impl/run_table.hpp"
#include "domain/processes/processes.hpp"

namespace patchbay::domain::processes {

// What runs do, on a strand.
struct Processes::State : calls::Lookout {
  explicit State(Parts p);

  boost::asio::awaitable<bool> look() override;
  boost::asio::awaitable<void> work_built_in(Run run);
  boost::asio::awaitable<void> call(Run run);
  // What was cut off is queued again, for whichever host.
  boost::asio::awaitable<void> give_back();
  boost::asio::awaitable<void> call_once(Run run);
  boost::asio::awaitable<void> call_plugin(Process process, Run run);
  boost::asio::awaitable<void> end(Run run, Outcome outcome, std::optional<Duration> wait);
  std::int64_t now() const { return parts.clock.now().time_since_epoch().count(); }
  // Those of the host, of admins, of plugins: whoever comes first has a code.
  std::optional<Process> find(store::Session& session, const std::string& code);
  Process require(store::Session& session, const std::string& code);
  std::vector<Process> of_plugins() const;
  std::optional<Process> of_plugin(const std::string& code) const;
  // One that can be changed, held: those of the host and of plugins are as they are.
  Process require_own(store::Session& session, const std::string& code);

  Parts parts;
  std::map<std::string, BuiltIn> built_in;
  std::vector<Users> users;
  std::map<Id, Run> calls;  // under way
};

}  // namespace patchbay::domain::processes
