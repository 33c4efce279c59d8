#pragma once

#include <memory>

#include "base/task_scope.hpp"
#include "jobs/checkpoints.hpp"
#include "lifecycle/lifecycle.hpp"

namespace patchbay::lifecycle {

// Whether half of the time that a registration lasts is over (plugin-needs N2). `remote_state` as in the
// table.
bool is_renewal_due(const std::string& remote_state, TimePoint now);

// The running listeners of one integration.
struct Lifecycle::Listening {
  Listening(boost::asio::any_io_executor executor, TaskScope::OnError on_error)
      : tasks(std::move(executor), std::move(on_error)) {}

  TaskScope tasks;
};

// This host's lock of the integration, and that among the hosts.
class Lifecycle::Hold {
 public:
  Hold(AsyncLocks::Held local, cluster::Peers::Held among)
      : among_(std::move(among)), local_(std::move(local)) {}

 private:
  cluster::Peers::Held among_;
  AsyncLocks::Held local_;
};

// A change of state that a report from below asks for.
struct Lifecycle::Turn {
  Turn(std::vector<plugin::State> from_, plugin::State to_, std::string code_, std::string text_)
      : from(std::move(from_)), to(to_), code(std::move(code_)), text(std::move(text_)) {}

  std::vector<plugin::State> from;  // the states that it may leave
  plugin::State to;
  std::string code;
  std::string text;
};

// An integration on its way to another version of its plugin, or to other settings.
struct Lifecycle::Move {
  Move(plugin::Integration before_, plugin::Integration after_)
      : before(std::move(before_)), after(std::move(after_)) {}

  bool is_of_other_shape() const { return before.setup_version != after.setup_version; }

  plugin::Integration before;
  plugin::Integration after;
  SecretValues given;     // secrets that are new with it
  SecretValues replaced;  // what those were before
  jobs::Checkpoints old;
  jobs::Checkpoints moved;
};

}  // namespace patchbay::lifecycle
