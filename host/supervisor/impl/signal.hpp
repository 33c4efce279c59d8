#pragma once

#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace patchbay::supervisor {

// Wakes coroutines that wait for something to change; they look again what it was. One strand.
class Signal {
 public:
  explicit Signal(boost::asio::any_io_executor strand) : strand_(std::move(strand)) {}
  boost::asio::awaitable<void> wait();
  void notify();

 private:
  boost::asio::any_io_executor strand_;
  std::vector<boost::asio::any_completion_handler<void()>> waiting_;
};

}  // namespace patchbay::supervisor
