#pragma once

#include <map>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"

namespace patchbay {

// One coroutine at a time for each key; the others wait in order without blocking a thread. Any thread.
// Outlives its locks.
class AsyncLocks {
 public:
  class Held {
   public:
    explicit Held(std::shared_ptr<void> state) : state_(std::move(state)) {}

   private:
    std::shared_ptr<void> state_;  // its deleter lets the next one in
  };

  explicit AsyncLocks(boost::asio::any_io_executor executor);
  ~AsyncLocks();

  // Waits until nobody holds `key`. Held until the result is destroyed. Cancellable while waiting.
  boost::asio::awaitable<Held> lock(Id key);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay
