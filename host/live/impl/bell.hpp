#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>

#include "base/clock.hpp"

namespace patchbay::live {

// Wakes one coroutine that waits. A ring before the wait is not lost. Any thread.
class Bell : public std::enable_shared_from_this<Bell> {
 public:
  explicit Bell(const boost::asio::any_io_executor& executor) : token_(executor, 1) {}

  void ring() {
    rung_ = true;
    knock();
  }
  // Whether it was rung since the last wait; at most so long. May end early without that. Cancellable.
  boost::asio::awaitable<bool> wait(Clock& clock, Duration most);

 private:
  void knock() { token_.try_send(boost::system::error_code()); }

  boost::asio::experimental::concurrent_channel<void(boost::system::error_code)> token_;
  std::atomic<bool> rung_{false};
};

}  // namespace patchbay::live
