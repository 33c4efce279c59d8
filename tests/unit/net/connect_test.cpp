// Connections for plugins (N11, HOST-6): which addresses are tried, and which never are.
#include "net/connect.hpp"

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include "support/fake_network.hpp"

namespace patchbay::net {
namespace {

using boost::asio::ip::tcp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

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
    auto connecting = connect(network, clock_, opened_, proxy_, host, port, limit);
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
  std::optional<Proxy> proxy_;
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

// OPS-15: the proxy resolves names; what it answers is read to the end of its head and not further.
class ProxyTest : public ConnectTest {
 protected:
  ProxyTest() : acceptor_(io_, tcp::endpoint(tcp::v4(), 0)) {
    proxy_ = parse_proxy("http://ana:p%40ss@proxy.example.org:3128");
    network_.addresses["proxy.example.org"] = {"10.0.0.9"};
    network_.local_port = acceptor_.local_endpoint().port();
  }
  // Connects while a proxy answers so, in pieces; returns what comes out of the tunnel.
  std::string through(const std::string& host, std::string answer) {
    std::thread server([this, answer = std::move(answer)] {
      tcp::socket socket(server_);
      acceptor_.accept(socket);
      boost::asio::streambuf request;
      const auto size = boost::asio::read_until(socket, request, "\r\n\r\n");
      asked_.assign(boost::asio::buffers_begin(request.data()),
                    boost::asio::buffers_begin(request.data()) + static_cast<std::ptrdiff_t>(size));
      boost::system::error_code ignored;
      for (const char each : answer) boost::asio::write(socket, boost::asio::buffer(&each, 1), ignored);
      socket.shutdown(tcp::socket::shutdown_send, ignored);
      socket.read_some(boost::asio::buffer(request.prepare(1)), ignored);  // until the other end is gone
    });
    std::string greeting;
    auto task = greet(host, greeting);
    code_ = Code::ok;
    boost::asio::co_spawn(boost::asio::make_strand(io_), std::move(task), [&](std::exception_ptr error) {
      if (error) keep(error);
    });
    io_.restart();
    io_.run();
    server.join();
    return greeting;
  }
  boost::asio::awaitable<void> greet(std::string host, std::string& greeting) {
    auto connecting = connect(network_, clock_, opened_, proxy_, host, 25, Duration{10'000});
    auto connected = co_await std::move(connecting);
    connected.socket.non_blocking(false);
    boost::system::error_code end;
    std::array<char, 64> bytes{};
    while (!end) greeting.append(bytes.data(), connected.socket.read_some(boost::asio::buffer(bytes), end));
  }

  boost::asio::io_context server_;
  tcp::acceptor acceptor_;
  std::string asked_;
};

TEST_F(ProxyTest, ConnectsThroughATunnel) {
  EXPECT_EQ(through("mail.example.org", "HTTP/1.1 200 OK\r\nVia: x\r\n\r\n220 mail.example.org\r\n"),
            "220 mail.example.org\r\n");
  EXPECT_EQ(code_, Code::ok) << text_;
  EXPECT_EQ(asked_,
            "CONNECT mail.example.org:25 HTTP/1.1\r\nHost: mail.example.org:25\r\n"
            "Proxy-Authorization: Basic YW5hOnBAc3M=\r\n\r\n");
  EXPECT_THAT(network_.resolved, ElementsAre("proxy.example.org"));
  EXPECT_THAT(network_.opened, ElementsAre("10.0.0.9 3128"));
}

TEST_F(ProxyTest, SaysWhatTheProxyRefuses) {
  EXPECT_EQ(through("mail.example.org", "HTTP/1.1 403 No\r\n\r\n"), "");
  EXPECT_EQ(code_, Code::unavailable);
  EXPECT_THAT(text_, HasSubstr("status 403"));
  through("mail.example.org", "HTTP/1.1 407 Who\r\n\r\n");
  EXPECT_THAT(text_, HasSubstr("user name or password"));
  EXPECT_THAT(text_, Not(HasSubstr("p@ss")));
  through("mail.example.org", "220 I am no proxy\r\n\r\n");
  EXPECT_EQ(code_, Code::unavailable);
  through("mail.example.org", "HTTP/1.1 200 cut off");
  EXPECT_EQ(code_, Code::unavailable);
  through("mail.example.org", "HTTP/1.1 200 " + std::string(10'000, 'x'));
  EXPECT_EQ(code_, Code::unavailable);
}

TEST_F(ProxyTest, IsGivenNoPrivateAddressAndNothingThatIsOpened) {
  connect_to("192.168.1.1");
  EXPECT_EQ(code_, Code::denied);
  EXPECT_THAT(network_.opened, IsEmpty());
  network_.local_port = 0;
  opened_ = {"mail.corp.example:993"};
  network_.addresses["mail.corp.example"] = {"10.0.0.1"};
  EXPECT_EQ(connect_to("mail.corp.example"), "10.0.0.1");
}

TEST(Proxy, IsReadOrRefused) {
  const auto plain = parse_proxy("proxy.example.org:8080");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host + " " + std::to_string(plain->port) + " " + plain->login, "proxy.example.org 8080 ");
  EXPECT_EQ(parse_proxy("http://[::1]:3128/")->host, "::1");
  for (const auto* bad :
       {"", "proxy", "https://proxy:1", "socks5://proxy:1", "http://proxy", "http://a:b@:1", "http://proxy:0",
        "http://proxy:99999", "http://a%0d%0aX:b@proxy:1", "http://proxy:1/x"})
    EXPECT_FALSE(parse_proxy(bad)) << bad;
  EXPECT_EQ(without_login("http://ana:secret@proxy:1"), "http://proxy:1");
  EXPECT_EQ(without_login("ana:secret@proxy:1"), "proxy:1");
  EXPECT_EQ(without_login("proxy:1"), "proxy:1");
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
