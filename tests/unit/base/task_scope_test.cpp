#include "base/task_scope.hpp"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"

namespace patchbay {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<void> wait_for_ever(Clock& clock, bool& ended) {
  try {
    co_await clock.sleep(24h);
  } catch (...) {
    ended = true;
    throw;
  }
}

asio::awaitable<void> fail() {
  throw std::runtime_error("broken");
  co_return;
}

asio::awaitable<void> stop(TaskScope& scope, bool& stopped) {
  co_await scope.stop();
  stopped = true;
}

TEST(TaskScope, StopCancelsAndWaits) {
  asio::io_context io;
  SystemClock clock;
  TaskScope scope(io.get_executor(), [](const std::string&, std::exception_ptr) { ADD_FAILURE(); });
  bool ended = false;
  bool stopped = false;
  scope.spawn("sleeper", wait_for_ever(clock, ended));
  io.poll();
  asio::co_spawn(io, stop(scope, stopped), asio::detached);
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(ended);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(scope.running(), 0u);
}

TEST(TaskScope, ReportsWhatLeavesATask) {
  asio::io_context io;
  std::string seen;
  TaskScope scope(io.get_executor(), [&](const std::string& name, std::exception_ptr) { seen = name; });
  scope.spawn("breaker", fail());
  io.run();
  EXPECT_EQ(seen, "breaker");
}

TEST(TaskScope, DropsWhatIsSpawnedAfterStop) {
  asio::io_context io;
  SystemClock clock;
  TaskScope scope(io.get_executor(), [](const std::string&, std::exception_ptr) {});
  bool stopped = false;
  asio::co_spawn(io, stop(scope, stopped), asio::detached);
  io.run();
  bool ended = false;
  scope.spawn("late", wait_for_ever(clock, ended));
  EXPECT_EQ(scope.running(), 0u);
}

TEST(TaskScope, SurvivesManyThreadsSpawningWhileItStops) {
  asio::io_context io;
  SystemClock clock;
  auto work = asio::make_work_guard(io);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { io.run(); });
  TaskScope scope(io.get_executor(), [](const std::string&, std::exception_ptr) {});
  std::array<bool, 300> ended{};
  for (std::size_t i = 0; i < 200; ++i) scope.spawn("sleeper", wait_for_ever(clock, ended[i]));
  std::promise<void> stopped;
  asio::co_spawn(io, scope.stop(), [&](std::exception_ptr) { stopped.set_value(); });
  for (std::size_t i = 200; i < 300; ++i) scope.spawn("sleeper", wait_for_ever(clock, ended[i]));
  EXPECT_EQ(stopped.get_future().wait_for(10s), std::future_status::ready);
  work.reset();
}

}  // namespace
}  // namespace patchbay
