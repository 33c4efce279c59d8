#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace patchbay {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1'795'224'000'125ms};

boost::asio::awaitable<void> nap(Clock& clock, Duration delay, bool& done) {
  co_await clock.sleep(delay);
  done = true;
}

TEST(ManualClock, RunsWhatHasBecomeDueAndNothingElse) {
  boost::asio::io_context io;
  ManualClock clock(kStart);
  int runs = 0;
  const auto soon = clock.after(io.get_executor(), 10s, [&] { ++runs; });
  const auto later = clock.after(io.get_executor(), 20s, [&] { ++runs; });
  clock.advance(10s);
  io.run();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(clock.now(), kStart + 10s);
}

TEST(ManualClock, DestroyedTimerDoesNotRun) {
  boost::asio::io_context io;
  ManualClock clock(kStart);
  bool ran = false;
  auto timer = clock.after(io.get_executor(), 1s, [&] { ran = true; });
  clock.advance(1s);
  timer.reset();
  io.run();
  EXPECT_FALSE(ran);
}

TEST(Clock, SleepEndsAtItsTime) {
  boost::asio::io_context io;
  ManualClock clock(kStart);
  bool done = false;
  auto errors = [](std::exception_ptr e) { EXPECT_FALSE(e); };
  boost::asio::co_spawn(io, nap(clock, 5s, done), errors);
  io.poll();
  EXPECT_FALSE(done);
  clock.advance(5s);
  io.restart();
  io.poll();
  EXPECT_TRUE(done);
}

TEST(Clock, CancelledSleepEndsAtOnce) {
  boost::asio::io_context io;
  SystemClock clock;
  boost::asio::cancellation_signal cancel;
  bool done = false;
  bool failed = false;
  boost::asio::co_spawn(io, nap(clock, 1h, done),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](std::exception_ptr e) { failed = e != nullptr; }));
  io.poll();
  cancel.emit(boost::asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(failed);
  EXPECT_FALSE(done);
}

TEST(Clock, WritesRfc3339) {
  EXPECT_EQ(to_rfc3339(kStart), "2026-11-21T01:20:00.125Z");
}

}  // namespace
}  // namespace patchbay
