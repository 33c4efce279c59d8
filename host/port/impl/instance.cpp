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
    grace.reset();
    std::move(handler)(std::move(result));
  }

  asio::any_completion_handler<void(Result)> handler;
  std::shared_ptr<Instance> instance;
  std::unique_ptr<Clock::Timer> grace;
  std::uint64_t number = 0;
};

}  // namespace

asio::awaitable<Result> Instance::call(Call call) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [this, executor, call = std::move(call)](auto handler) mutable {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto wait = std::make_shared<Wait>(std::move(handler), shared_from_this());
    if (slot.is_connected()) {
      slot.assign([wait, executor, clock = &clock_](asio::cancellation_type) {
        if (!wait->handler) return;
        wait->instance->cancel(wait->number);
        auto expired = [wait] { wait->end(failure(Code::cancelled, Text("port.cancelled"))); };
        wait->grace = clock->after(executor, kCancelGrace, std::move(expired));
      });
    }
    auto done = [wait, executor](Result result) {
      asio::post(executor, [wait, result = std::move(result)]() mutable { wait->end(std::move(result)); });
    };
    wait->number = begin(std::move(call), std::move(done));
  };
  auto answered = asio::async_initiate<const asio::use_awaitable_t<>, void(Result)>(std::move(start),
                                                                                    asio::use_awaitable);
  co_return co_await std::move(answered);
}

}  // namespace patchbay::port
