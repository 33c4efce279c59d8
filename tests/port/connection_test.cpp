#include "port/connection.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "port/limits.hpp"
#include "port/support.hpp"

namespace patchbay::test {
namespace {

using port::wire::Frame;
using port::wire::Kind;

struct Pair {
  explicit Pair(Machine& machine) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    left = std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[0]);
    right = std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[1]);
  }
  ~Pair() {
    left->abort({});
    right->abort({});
  }
  std::shared_ptr<port::Connection> left;
  std::shared_ptr<port::Connection> right;
};

Frame large() {
  return Frame(Kind::call, 1, 1, "{}", port::Message("{}", {std::string(3u << 20, 'x')}));
}

// Each end stops reading while it has much to write; both together must still get there.
TEST(Connection, TwoFullEndsDoNotWaitForEachOtherForEver) {
  Machine machine;
  Pair pair(machine);
  std::atomic<int> at_left{0};
  std::atomic<int> at_right{0};
  for (int i = 0; i < 12; ++i) {
    pair.left->send(large());
    pair.right->send(large());
  }
  pair.left->start([&](const Frame&) { ++at_left; }, [](const std::string&) {});
  pair.right->start([&](const Frame&) { ++at_right; }, [](const std::string&) {});
  EXPECT_TRUE(eventually([&] { return at_left == 12 && at_right == 12; }));
}

// It asks and asks, and reads no answer: the brake cannot hold what waits for it.
TEST(Connection, EndThatTakesNothingIsGivenUp) {
  Machine machine;
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const auto ours =
      std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[0]);
  std::promise<std::string> ended;
  ours->start([&](const Frame&) { ours->send(large()); },
              [&](std::string reason) { ended.set_value(std::move(reason)); });
  std::string asked;
  port::wire::append(asked, Frame(Kind::ping, 0, 1));
  auto over = ended.get_future();
  for (int i = 0; i < 1000 && over.wait_for(20ms) != std::future_status::ready; ++i)
    EXPECT_GT(::send(ends[1], asked.data(), asked.size(), MSG_NOSIGNAL), 0);
  EXPECT_NE(over.get().find("reads nothing"), std::string::npos);
  ::close(ends[1]);
}

TEST(Connection, CloseWritesWhatWasSentBefore) {
  Machine machine;
  Pair pair(machine);
  std::atomic<int> came{0};
  std::atomic<bool> ended{false};
  for (int i = 0; i < 3; ++i) pair.left->send(large());
  pair.left->close();
  pair.left->start([](const Frame&) {}, [](const std::string&) {});
  pair.right->start([&](const Frame&) { ++came; },
                    [&](const std::string& reason) { ended = reason.empty(); });
  EXPECT_TRUE(eventually([&] { return ended.load(); }));
  EXPECT_EQ(came, 3);
}

TEST(Connection, DropsWhatMayBeDroppedWhenTooMuchWaits) {
  Machine machine;
  Pair pair(machine);  // nobody reads
  EXPECT_TRUE(pair.left->send_if_room(large()));
  for (int i = 0; i < 4; ++i) pair.left->send(large());
  EXPECT_FALSE(pair.left->send_if_room(large()));
}

}  // namespace
}  // namespace patchbay::test
