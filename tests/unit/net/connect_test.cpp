// Connections for plugins (N11, HOST-6): which addresses are tried, and which never are.
#include "net/connect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "support/fake_network.hpp"

namespace patchbay::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConnectTest : public ::testing::Test {
 protected:
  // The address that it is connected to; the failure is kept.
  std::string connect_to(const std::string& host, std::uint16_t port = 993) {
    return connect_over(network_, host, port, Duration{10'000});
  }
  std::string connect_over(Network& network, const std::string& host, std::uint16_t port, Duration limit) {
    std::string peer;
    code_ = Code::ok;
    auto task = note_peer(network, host, port, limit, peer);
    boost::asio::co_spawn(boost::asio::make_strand(io_), std::move(task), [&](std::exception_ptr error) {
      if (error) keep(error);
    });
    io_.restart();
    io_.run();
    return peer;
  }
  boost::asio::awaitable<void> note_peer(Network& network, std::string host, std::uint16_t port,
                                         Duration limit, std::string& peer) {
    auto connecting = connect(network, clock_, opened_, host, port, limit);
    const auto connected = co_await std::move(connecting);
    peer = connected.peer;
  }
  void keep(std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& known) {
      code_ = known.code();
      text_ = known.what();
    }
  }

  boost::asio::io_context io_;
  SystemClock clock_;
  support::FakeNetwork network_;
  std::vector<std::string> opened_;
  Code code_ = Code::ok;
  std::string text_;
};

TEST_F(ConnectTest, TriesOneAddressAfterAnother) {
  network_.addresses["mail.example.org"] = {"2606:4700::1", "93.184.216.34", "93.184.216.35"};
  network_.down = {"2606:4700::1"};
  EXPECT_EQ(connect_to("Mail.Example.org"), "93.184.216.34");
  EXPECT_THAT(network_.resolved, ElementsAre("mail.example.org"));
  EXPECT_THAT(network_.opened, ElementsAre("2606:4700::1 993", "93.184.216.34 993"));
}

TEST_F(ConnectTest, SaysWhyNobodyAnswers) {
  network_.addresses["mail.example.org"] = {"93.184.216.34", "93.184.216.35"};
  network_.down = {"93.184.216.34", "93.184.216.35"};
  EXPECT_EQ(connect_to("mail.example.org"), "");
  EXPECT_EQ(code_, Code::unavailable);
  EXPECT_THAT(text_, HasSubstr("93.184.216.35 is down"));
  connect_to("nowhere.example.org");
  EXPECT_EQ(code_, Code::unavailable);
  EXPECT_THAT(text_, HasSubstr("has no address"));
}

// No packet leaves: the address is refused before anything is opened.
TEST_F(ConnectTest, NeverTriesAPrivateAddress) {
  network_.addresses["inside.example.org"] = {"10.0.0.1", "::1", "169.254.169.254", "::ffff:127.0.0.1"};
  for (const auto* host : {"inside.example.org", "127.0.0.1", "10.0.0.1", "::1", "[::1]", "localhost",
                           "intranet", "169.254.169.254", "100.64.0.1"}) {
    EXPECT_EQ(connect_to(host), "");
    EXPECT_EQ(code_, Code::denied) << host;
    EXPECT_THAT(text_, HasSubstr("egress.allow")) << host;
  }
  EXPECT_THAT(network_.opened, IsEmpty());
}

TEST_F(ConnectTest, TriesThePublicOnesOfMixedAddresses) {
  network_.addresses["mail.example.org"] = {"192.168.1.1", "93.184.216.34"};
  EXPECT_EQ(connect_to("mail.example.org"), "93.184.216.34");
  EXPECT_THAT(network_.opened, ElementsAre("93.184.216.34 993"));
}

TEST_F(ConnectTest, TriesWhatAnAdministratorOpened) {
  network_.addresses["mail.example.org"] = {"10.0.0.1"};
  opened_ = {"mail.example.org:993", "192.168.7.0/24:143"};
  EXPECT_EQ(connect_to("mail.example.org"), "10.0.0.1");
  connect_to("mail.example.org", 143);
  EXPECT_EQ(code_, Code::denied);
  EXPECT_EQ(connect_to("192.168.7.9", 143), "192.168.7.9");
  connect_to("192.168.7.9", 993);
  EXPECT_EQ(code_, Code::denied);
}

// What is at the other end counts, whatever was asked for.
TEST_F(ConnectTest, LooksAtTheOtherEndOnceMore) {
  network_.addresses["mail.example.org"] = {"93.184.216.34"};
  network_.peers["93.184.216.34"] = "127.0.0.1";
  EXPECT_EQ(connect_to("mail.example.org"), "");
  EXPECT_EQ(code_, Code::denied);
}

TEST_F(ConnectTest, RefusesWhatIsNoHost) {
  for (const auto* host : {"", "a b", "user@mail.example.org", "mail.example.org/path", "mail.example.org:25",
                           "0x7f000001", "2130706433", "mail.example.org?", "[::1"}) {
    connect_to(host);
    EXPECT_EQ(code_, Code::invalid) << host;
  }
  EXPECT_THAT(network_.opened, IsEmpty());
}

// The machine's own network, no further than this machine.
TEST_F(ConnectTest, ConnectsForReal) {
  boost::asio::ip::tcp::acceptor listening(io_, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const auto port = listening.local_endpoint().port();
  opened_ = {"127.0.0.0/8"};
  const auto machine = make_network(clock_);
  EXPECT_EQ(connect_over(*machine, "127.0.0.1", port, Duration{30'000}), "127.0.0.1") << text_;
  opened_ = {"localhost:" + std::to_string(port)};
  EXPECT_EQ(connect_over(*machine, "localhost", port, Duration{30'000}), "127.0.0.1") << text_;
  listening.close();
  connect_over(*machine, "localhost", port, Duration{30'000});
  EXPECT_EQ(code_, Code::unavailable) << text_;
}

TEST_F(ConnectTest, EndsWhenItsTimeIsOver) {
  boost::asio::ip::tcp::acceptor listening(io_, {boost::asio::ip::make_address("127.0.0.1"), 0});
  listening.listen(0);
  const auto port = listening.local_endpoint().port();
  // Nobody accepts: once the queue is full, the kernel answers nothing.
  std::vector<boost::asio::ip::tcp::socket> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back(io_, boost::asio::ip::tcp::v4());
    waiting.back().native_non_blocking(true);
    auto where = listening.local_endpoint();
    ::connect(waiting.back().native_handle(), where.data(), static_cast<socklen_t>(where.size()));
  }
  opened_ = {"127.0.0.0/8"};
  const auto machine = make_network(clock_);
  connect_over(*machine, "127.0.0.1", port, Duration{300});
  EXPECT_EQ(code_, Code::deadline) << text_;
}

}  // namespace
}  // namespace patchbay::net
