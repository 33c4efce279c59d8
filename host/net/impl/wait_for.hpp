#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "base/clock.hpp"

namespace patchbay::net {

// Whichever comes first ends the wait: what was begun, the time, or a cancellation. On one strand.
class Wait {
 public:
  using Handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

  Wait(boost::asio::any_io_executor executor, Handler handler)
      : executor_(std::move(executor)), handler_(std::move(handler)) {}

  void limit(std::unique_ptr<Clock::Timer> timer) { timer_ = std::move(timer); }
  void end(boost::system::error_code error) {
    if (!handler_) return;
    timer_.reset();
    boost::asio::post(executor_,
                      [handler = std::move(handler_), error]() mutable { std::move(handler)(error); });
    handler_ = nullptr;
  }

 private:
  const boost::asio::any_io_executor executor_;
  Handler handler_;
  std::unique_ptr<Clock::Timer> timer_;
};

// What `begin(done)` has begun may still go on when this has ended: it owns what it works with.
template <class Begin>
boost::asio::awaitable<void> wait_for(Clock& clock, Duration limit, Begin begin) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto start = [&clock, limit, executor, begin = std::move(begin)](auto handler) {
    const auto slot = boost::asio::get_associated_cancellation_slot(handler);
    const auto wait = std::make_shared<Wait>(executor, std::move(handler));
    const std::weak_ptr<Wait> weak = wait;
    const auto end = [weak](boost::system::error_code error) {
      if (const auto waiting = weak.lock()) waiting->end(error);
    };
    wait->limit(clock.after(executor, limit, [end] { end(boost::asio::error::timed_out); }));
    if (slot.is_connected()) {
      auto cancelled = [end](boost::asio::cancellation_type) { end(boost::asio::error::operation_aborted); };
      boost::asio::cancellation_slot(slot).assign(std::move(cancelled));
    }
    begin([wait](boost::system::error_code error) { wait->end(error); });
  };
  auto ended =
      boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(boost::system::error_code)>(
          std::move(start), boost::asio::use_awaitable);
  co_await std::move(ended);
}

}  // namespace patchbay::net
