#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "port/message.hpp"

namespace patchbay::plugin {

// How hooks, jobs, outbox and web reach the running instance of an integration. Implemented by the
// supervisor.
class Caller {
 public:
  virtual ~Caller() = default;

  // Asks the instance. Waits for it to be ready within the call's time limit. Never throws except on
  // cancellation: an instance that is not there answers unavailable; a worker that dies answers
  // outcome_unknown if the call may have acted outside (an unsafe request was started on its behalf), else
  // unavailable.
  virtual boost::asio::awaitable<port::Result> call(Id integration, port::Call call) = 0;
};

}  // namespace patchbay::plugin
