#include "base/clock.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace patchbay {
namespace {

namespace asio = boost::asio;
using asio::any_io_executor;

class SteadyTimer final : public Clock::Timer {
 public:
  SteadyTimer(const any_io_executor& executor, Duration delay, std::function<void()> fn)
      : alive_(std::make_shared<std::atomic<bool>>(true)), timer_(executor, delay) {
    timer_.async_wait([alive = alive_, fn = std::move(fn)](boost::system::error_code error) {
      if (!error && alive->exchange(false)) fn();
    });
  }
  ~SteadyTimer() override { alive_->store(false); }

 private:
  std::shared_ptr<std::atomic<bool>> alive_;
  asio::steady_timer timer_;
};

// One wait of a coroutine: whichever comes first, the timer or the cancellation, ends it.
struct Wait {
  explicit Wait(asio::any_completion_handler<void(boost::system::error_code)> h) : handler(std::move(h)) {}

  void end(boost::system::error_code error) {
    if (!handler) return;
    timer.reset();
    std::move(handler)(error);
  }

  asio::any_completion_handler<void(boost::system::error_code)> handler;
  std::unique_ptr<Clock::Timer> timer;
};

}  // namespace

asio::awaitable<void> Clock::sleep(Duration delay) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [this, executor, delay](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto wait = std::make_shared<Wait>(std::move(handler));
    if (slot.is_connected()) {
      slot.assign([wait, executor](asio::cancellation_type) {
        asio::post(executor, [wait] { wait->end(asio::error::operation_aborted); });
      });
    }
    wait->timer = after(executor, delay, [wait] { wait->end({}); });
  };
  auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
      std::move(start), asio::use_awaitable);
  co_await std::move(waiting);
}

TimePoint SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::chrono::nanoseconds SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::unique_ptr<Clock::Timer> SystemClock::after(any_io_executor executor, Duration delay,
                                                 std::function<void()> fn) {
  return std::make_unique<SteadyTimer>(executor, delay, std::move(fn));
}

struct ManualClock::State {
  struct Entry {
    any_io_executor executor;
    std::function<void()> fn;
  };
  mutable std::mutex mutex;
  TimePoint now;
  Duration elapsed{0};
  std::multimap<Duration, std::shared_ptr<Entry>> due;
};

namespace {

class ManualTimer final : public Clock::Timer {
 public:
  ManualTimer(std::weak_ptr<ManualClock::State> state, std::weak_ptr<ManualClock::State::Entry> entry)
      : state_(std::move(state)), entry_(std::move(entry)) {}
  ~ManualTimer() override {
    const auto state = state_.lock();
    const auto entry = entry_.lock();
    if (!state || !entry) return;
    const std::lock_guard lock(state->mutex);
    entry->fn = nullptr;
    std::erase_if(state->due, [&](const auto& item) { return item.second == entry; });
  }

 private:
  std::weak_ptr<ManualClock::State> state_;
  std::weak_ptr<ManualClock::State::Entry> entry_;
};

void run_entry(const std::shared_ptr<ManualClock::State>& state,
               const std::shared_ptr<ManualClock::State::Entry>& entry) {
  std::function<void()> fn;
  {
    const std::lock_guard lock(state->mutex);
    fn = std::exchange(entry->fn, nullptr);
  }
  if (fn) fn();
}

}  // namespace

ManualClock::ManualClock(TimePoint start) : state_(std::make_shared<State>()) {
  state_->now = start;
}

TimePoint ManualClock::now() const {
  const std::lock_guard lock(state_->mutex);
  return state_->now;
}

std::chrono::nanoseconds ManualClock::monotonic() const {
  const std::lock_guard lock(state_->mutex);
  return state_->elapsed;
}

std::unique_ptr<Clock::Timer> ManualClock::after(any_io_executor executor, Duration delay,
                                                 std::function<void()> fn) {
  auto entry = std::make_shared<State::Entry>();
  entry->executor = std::move(executor);
  entry->fn = std::move(fn);
  auto timer = std::make_unique<ManualTimer>(state_, entry);
  const std::lock_guard lock(state_->mutex);
  state_->due.emplace(state_->elapsed + delay, std::move(entry));
  return timer;
}

void ManualClock::advance(Duration by) {
  std::vector<std::shared_ptr<State::Entry>> ready;
  {
    const std::lock_guard lock(state_->mutex);
    state_->now += by;
    state_->elapsed += by;
    const auto end = state_->due.upper_bound(state_->elapsed);
    for (auto item = state_->due.begin(); item != end; ++item) ready.push_back(item->second);
    state_->due.erase(state_->due.begin(), end);
  }
  for (auto& entry : ready) {
    asio::post(entry->executor, [state = state_, entry] { run_entry(state, entry); });
  }
}

std::string to_rfc3339(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 32> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ",
                static_cast<int>((time - seconds).count()));
  return text.data();
}

}  // namespace patchbay
