#include <optional>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "port/limits.hpp"
#include "port/port.hpp"

namespace patchbay::port {
namespace {

namespace asio = boost::asio;

constexpr Duration kCancelGrace{500};

// One waiting coroutine; touched on its executor only.
struct Wait {
  Wait(asio::any_completion_handler<void(Result)> h, std::shared_ptr<Instance> i)
      : handler(std::move(h)), instance(std::move(i)) {}

  void end(Result result) {
    if (!handler) return;
    limit.reset();
    grace.reset();
    if (given_up && result.code == Code::cancelled) result = *given_up;
    std::move(handler)(std::move(result));
  }

  asio::any_completion_handler<void(Result)> handler;
  std::shared_ptr<Instance> instance;
  std::unique_ptr<Clock::Timer> limit;
  std::unique_ptr<Clock::Timer> grace;
  std::optional<Result> given_up;  // what it ends with, unless the plugin answers after all
  std::uint64_t number = 0;
};

void give_up(const std::shared_ptr<Wait>& wait, const asio::any_io_executor& executor, Clock& clock,
             Result result) {
  if (!wait->handler || wait->given_up) return;
  wait->given_up = std::move(result);
  wait->instance->cancel(wait->number);
  wait->grace = clock.after(executor, kCancelGrace, [wait] { wait->end(*wait->given_up); });
}

}  // namespace

asio::awaitable<Result> Instance::call(Call call) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [this, executor, call = std::move(call)](auto handler) mutable {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto wait = std::make_shared<Wait>(std::move(handler), shared_from_this());
    if (slot.is_connected()) {
      slot.assign([wait, executor, clock = &clock_](asio::cancellation_type) {
        give_up(wait, executor, *clock, failure(Code::cancelled, Text("port.cancelled")));
      });
    }
    auto done = [wait, executor](Result result) {
      asio::post(executor, [wait, result = std::move(result)]() mutable { wait->end(std::move(result)); });
    };
    if (call.timeout > Duration{0}) {
      auto late = failure(Code::deadline, Text("port.overdue", {{"method", call.method}}));
      wait->limit = clock_.after(executor, call.timeout, [wait, executor, clock = &clock_, late] {
        give_up(wait, executor, *clock, late);
      });
    }
    wait->number = begin(std::move(call), std::move(done));
  };
  auto answered = asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(std::move(start),
                                                                                    asio::use_awaitable);
  co_return co_await std::move(answered);
}

}  // namespace patchbay::port
