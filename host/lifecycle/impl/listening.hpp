#pragma once

#include <memory>

#include "base/task_scope.hpp"
#include "lifecycle/lifecycle.hpp"

namespace patchbay::lifecycle {

// The running listeners of one integration.
struct Lifecycle::Listening {
  Listening(boost::asio::any_io_executor executor, TaskScope::OnError on_error)
      : tasks(std::move(executor), std::move(on_error)) {}

  TaskScope tasks;
};

}  // namespace patchbay::lifecycle
