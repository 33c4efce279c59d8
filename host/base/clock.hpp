#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace patchbay {

// Wall-clock time, UTC, to the millisecond: what is stored and shown.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

// The only source of time and of waiting in the host, so that tests can advance it. Any thread.
class Clock {
 public:
  // Cancels on destruction; a callback that has begun is not waited for.
  class Timer {
   public:
    virtual ~Timer() = default;
  };

  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  // Never steps back; for measuring and for time limits.
  virtual std::chrono::nanoseconds monotonic() const = 0;
  // Runs `fn` once on `executor` after `delay`, unless the timer is destroyed first.
  virtual std::unique_ptr<Timer> after(boost::asio::any_io_executor executor, Duration delay,
                                       std::function<void()> fn) = 0;

  // Waits on the current executor. Ends early, by boost::system::system_error(operation_aborted), when
  // cancelled.
  boost::asio::awaitable<void> sleep(Duration delay);
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
  std::chrono::nanoseconds monotonic() const override;
  std::unique_ptr<Timer> after(boost::asio::any_io_executor executor, Duration delay,
                               std::function<void()> fn) override;
};

// Stands still until told: for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimePoint start);
  TimePoint now() const override;
  std::chrono::nanoseconds monotonic() const override;
  std::unique_ptr<Timer> after(boost::asio::any_io_executor executor, Duration delay,
                               std::function<void()> fn) override;
  // Moves time and posts, in order, what has become due.
  void advance(Duration by);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

// "2026-11-21T09:37:30.125Z" (RFC 3339).
std::string to_rfc3339(TimePoint time);

}  // namespace patchbay
