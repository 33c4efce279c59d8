#include "base/async_lock.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"

namespace patchbay {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<void> work(AsyncLocks& locks, Clock& clock, Id key, std::string name,
                           std::vector<std::string>& trail) {
  const auto held = co_await locks.lock(key);
  trail.push_back(name + " in");
  co_await clock.sleep(1ms);
  trail.push_back(name + " out");
}

TEST(AsyncLocks, LetOneInAtATimeInOrder) {
  asio::io_context io;
  SystemClock clock;
  AsyncLocks locks(io.get_executor());
  std::vector<std::string> trail;
  for (const auto* name : {"a", "b", "c"})
    asio::co_spawn(io, work(locks, clock, 1, name, trail), asio::detached);
  io.run();
  EXPECT_EQ(trail, (std::vector<std::string>{"a in", "a out", "b in", "b out", "c in", "c out"}));
}

TEST(AsyncLocks, KeysDoNotWaitForEachOther) {
  asio::io_context io;
  SystemClock clock;
  AsyncLocks locks(io.get_executor());
  std::vector<std::string> trail;
  asio::co_spawn(io, work(locks, clock, 1, "a", trail), asio::detached);
  asio::co_spawn(io, work(locks, clock, 2, "b", trail), asio::detached);
  io.run();
  EXPECT_EQ(trail[1], "b in");
}

TEST(AsyncLocks, AWaiterThatIsCancelledLeavesTheLockUsable) {
  asio::io_context io;
  SystemClock clock;
  AsyncLocks locks(io.get_executor());
  std::vector<std::string> trail;
  asio::cancellation_signal cancel;
  asio::co_spawn(io, work(locks, clock, 1, "a", trail), asio::detached);
  asio::co_spawn(io, work(locks, clock, 1, "b", trail),
                 asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr e) { EXPECT_TRUE(e); }));
  asio::co_spawn(io, work(locks, clock, 1, "c", trail), asio::detached);
  io.run_one();
  io.run_one();
  io.run_one();
  cancel.emit(asio::cancellation_type::terminal);
  io.run();
  EXPECT_EQ(trail, (std::vector<std::string>{"a in", "a out", "c in", "c out"}));
}

}  // namespace
}  // namespace patchbay
