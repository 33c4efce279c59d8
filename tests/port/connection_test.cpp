#include "port/connection.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
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
  explicit Pair(Machine& machine,
                port::Connection::Descriptors descriptors = port::Connection::Descriptors::refused) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    left = std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[0]);
    right = std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[1],
                                               descriptors);
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
  // Until it hangs up.
  while (over.wait_for(20ms) != std::future_status::ready &&
         ::send(ends[1], asked.data(), asked.size(), MSG_NOSIGNAL) > 0)
    continue;
  EXPECT_NE(test::within_a_minute(std::move(over)).find("reads nothing"), std::string::npos);
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

// A frame that a descriptor goes with: the reading end of a pipe that holds one byte.
Frame with_pipe(std::uint64_t id, port::Fd& writing_end) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  writing_end = port::Fd(ends[1]);
  const char byte = static_cast<char>(id);
  EXPECT_EQ(::write(ends[1], &byte, 1), 1);
  Frame frame(Kind::reply, 1, id);
  frame.has_fd = true;
  frame.fd = std::make_shared<port::Fd>(ends[0]);
  return frame;
}

bool is_closed(const port::Fd& writing_end) {
  ::signal(SIGPIPE, SIG_IGN);
  return ::write(writing_end.get(), "x", 1) < 0 && errno == EPIPE;
}

// N11
TEST(Connection, DescriptorArrivesWithItsFrame) {
  Machine machine;
  Pair pair(machine, port::Connection::Descriptors::taken);
  std::array<port::Fd, 4> writing_ends;
  std::vector<std::pair<std::uint64_t, char>> came;
  std::promise<void> all;
  for (std::uint64_t id = 0; id < 4; ++id) {
    pair.left->send(large());
    pair.left->send(with_pipe(id, writing_ends.at(id)));
    pair.left->send(Frame(Kind::ping, 0, id));
  }
  pair.left->start([](const Frame&) {}, [](const std::string&) {});
  pair.right->start(
      [&](const Frame& frame) {
        EXPECT_EQ(frame.fd != nullptr, frame.kind == Kind::reply);
        if (!frame.fd) return;
        char byte = 'x';
        EXPECT_EQ(::read(frame.fd->get(), &byte, 1), 1);
        EXPECT_NE(::fcntl(frame.fd->get(), F_GETFD) & FD_CLOEXEC, 0);
        came.emplace_back(frame.id, byte);
        if (came.size() == 4) all.set_value();
      },
      [](const std::string&) {});
  within_a_minute(all.get_future());
  for (const auto& [id, byte] : came) EXPECT_EQ(static_cast<char>(id), byte);
  for (const auto& end : writing_ends) EXPECT_TRUE(eventually([&] { return is_closed(end); }));
}

TEST(Connection, DescriptorOfAFrameThatNobodyTakesIsClosed) {
  Machine machine;
  port::Fd unsent;
  port::Fd unread;
  {
    Pair pair(machine, port::Connection::Descriptors::taken);
    pair.left->send(large());
    pair.left->send(with_pipe(1, unsent));
    pair.left->abort({});
    pair.left->send(with_pipe(2, unread));
  }
  EXPECT_TRUE(eventually([&] { return is_closed(unsent); }));
  EXPECT_TRUE(eventually([&] { return is_closed(unread); }));
}

TEST(Connection, DescriptorIsRefusedByAnEndThatTakesNone) {
  Machine machine;
  Pair pair(machine);
  port::Fd writing_end;
  std::promise<std::string> ended;
  pair.left->send(with_pipe(1, writing_end));
  pair.right->start([](const Frame&) {}, [&](std::string reason) { ended.set_value(std::move(reason)); });
  EXPECT_EQ(within_a_minute(ended.get_future()), "sent garbage: a descriptor");
  EXPECT_TRUE(eventually([&] { return is_closed(writing_end); }));
}

TEST(Connection, FrameWhoseDescriptorIsMissingIsGarbage) {
  Machine machine;
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const auto ours = std::make_shared<port::Connection>(machine.context.get_executor(), machine.clock, ends[0],
                                                       port::Connection::Descriptors::taken);
  std::promise<std::string> ended;
  ours->start([](const Frame&) {}, [&](std::string reason) { ended.set_value(std::move(reason)); });
  Frame frame(Kind::reply, 1, 1);
  frame.has_fd = true;
  std::string bytes;
  port::wire::append(bytes, frame);
  EXPECT_GT(::send(ends[1], bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  EXPECT_NE(within_a_minute(ended.get_future()).find("is missing"), std::string::npos);
  ::close(ends[1]);
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
