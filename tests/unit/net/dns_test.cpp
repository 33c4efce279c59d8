// Names for plugins (pb.dns/1, N11): a real server on this machine, and replies as bytes.
#include "net/dns.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "base/error.hpp"

namespace patchbay::net {
namespace {

using testing::HasSubstr;

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string name_of(const std::string& dotted) {
  std::string out;
  for (std::size_t at = 0; at < dotted.size();) {
    const auto end = std::min(dotted.find('.', at), dotted.size());
    out += static_cast<char>(end - at) + dotted.substr(at, end - at);
    at = end + 1;
  }
  return out + '\0';
}
const std::string kQuestion("\xc0\x0c", 2);  // the name that was asked for
std::string record(DnsType type, unsigned ttl, const std::string& data,
                   const std::string& owner = kQuestion) {
  return owner + u16(static_cast<unsigned>(type)) + u16(1) + u16(ttl >> 16) + u16(ttl & 0xffff) +
         u16(static_cast<unsigned>(data.size())) + data;
}
std::string text(const std::string& bytes) {
  return static_cast<char>(bytes.size()) + bytes;
}

struct Reply {
  std::vector<std::string> records;
  unsigned code = 0;  // RFC 1035, 4.1.1
};

std::string bytes_of(const std::string& id, const std::string& question, const Reply& reply) {
  std::string out = id + u16(0x8180 | reply.code) + u16(1) +
                    u16(static_cast<unsigned>(reply.records.size())) + u16(0) + u16(0) + question;
  for (const auto& each : reply.records) out += each;
  return out;
}

// Answers by UDP what the test says for "name type"; what it does not know, NXDOMAIN.
class DnsServer {
 public:
  DnsServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    const timeval patience{0, 50'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~DnsServer() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  void start() {
    thread_ = std::thread([this] {
      while (!stopping_) serve();
    });
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  std::map<std::string, Reply> replies;  // by the name's first label and the type's number
  bool silent = false;

 private:
  void serve() {
    std::string room(512, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto count =
        ::recvfrom(socket_, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 17 || silent) return;
    room.resize(static_cast<std::size_t>(count));
    const auto end = room.find('\0', 12);
    const auto label = room.substr(13, static_cast<unsigned char>(room[12]));
    const auto found = replies.find(label + " " + std::to_string(static_cast<unsigned char>(room[end + 2])));
    Reply reply;
    reply.code = 3;
    if (found != replies.end()) reply = found->second;
    const auto bytes = bytes_of(room.substr(0, 2), room.substr(12, end + 5 - 12), reply);
    ::sendto(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }

  const int socket_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class DnsTest : public ::testing::Test {
 protected:
  std::vector<DnsRecord> resolve(const std::string& name, DnsType type, Duration limit = Duration{30'000}) {
    const auto dns = make_dns(clock_, {server_.address()});
    std::vector<DnsRecord> records;
    code_ = Code::ok;
    auto task = ask(*dns, name, type, limit, records);
    boost::asio::co_spawn(boost::asio::make_strand(io_), std::move(task), [&](std::exception_ptr error) {
      if (error) keep(error);
    });
    io_.restart();
    io_.run();
    return records;
  }
  static boost::asio::awaitable<void> ask(Dns& dns, std::string name, DnsType type, Duration limit,
                                          std::vector<DnsRecord>& records) {
    auto resolving = dns.resolve(name, type, limit);
    records = co_await std::move(resolving);
  }
  void keep(std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& known) {
      code_ = known.code();
    }
  }

  boost::asio::io_context io_;
  SystemClock clock_;
  DnsServer server_;
  Code code_ = Code::ok;
};

TEST_F(DnsTest, AsksForEveryType) {
  server_.replies["a 1"] = {{record(DnsType::a, 60, std::string("\xc0\x00\x02\x01", 4))}};
  server_.replies["a 28"] = {
      {record(DnsType::aaaa, 60, std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16))}};
  server_.replies["m 15"] = {{record(DnsType::mx, 300, u16(10) + name_of("mx.example.org")),
                              record(DnsType::mx, 300, u16(5) + text("mx2") + kQuestion)}};
  server_.replies["s 33"] = {
      {record(DnsType::srv, 70'000, u16(1) + u16(2) + u16(993) + name_of("imap.example.org"))}};
  server_.replies["t 16"] = {{record(DnsType::txt, 1, text("v=spf1 ") + text("-all"))}};
  server_.start();
  const auto a = resolve("a.example.org", DnsType::a);
  ASSERT_EQ(a.size(), 1u);
  EXPECT_EQ(a[0].data, "192.0.2.1");
  EXPECT_EQ(a[0].ttl, 60u);
  EXPECT_EQ(resolve("a.example.org", DnsType::aaaa).at(0).data, "2001:db8::1");
  const auto mx = resolve("m.example.org", DnsType::mx);
  ASSERT_EQ(mx.size(), 2u);
  EXPECT_EQ(mx[0].priority, 10);
  EXPECT_EQ(mx[0].data, "mx.example.org");
  EXPECT_EQ(mx[1].data, "mx2.m.example.org");
  const auto srv = resolve("s.example.org", DnsType::srv);
  ASSERT_EQ(srv.size(), 1u);
  EXPECT_EQ(srv[0].ttl, 70'000u);
  EXPECT_EQ(srv[0].weight, 2);
  EXPECT_EQ(srv[0].port, 993);
  EXPECT_EQ(resolve("t.example.org", DnsType::txt).at(0).data, "v=spf1 -all");
}

TEST_F(DnsTest, TellsNotFoundFromNobodyThere) {
  server_.replies["empty 15"] = {};
  server_.replies["broken 15"] = {{}, 2};
  server_.start();
  resolve("nothing.example.org", DnsType::mx);
  EXPECT_EQ(code_, Code::not_found);
  resolve("empty.example.org", DnsType::mx);
  EXPECT_EQ(code_, Code::not_found);
  resolve("broken.example.org", DnsType::mx);
  EXPECT_EQ(code_, Code::unavailable);
}

TEST_F(DnsTest, EndsWhenItsTimeIsOver) {
  server_.silent = true;
  server_.start();
  resolve("a.example.org", DnsType::a, Duration{200});
  EXPECT_EQ(code_, Code::deadline);
}

TEST(DnsReply, LeavesOutAliasesOnTheWay) {
  const std::string cname =
      kQuestion + u16(5) + u16(1) + u16(0) + u16(9) + u16(19) + name_of("other.example.org");
  const Reply reply{{cname, record(DnsType::a, 9, std::string("\xc0\x00\x02\x01", 4))}};
  const auto question = name_of("a.example.org") + u16(1) + u16(1);
  const auto records = read_dns_reply(bytes_of("id", question, reply), DnsType::a);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].data, "192.0.2.1");
}

TEST(DnsReply, RefusesWhatIsCutOrLies) {
  const auto question = name_of("a.example.org") + u16(15) + u16(1);
  const auto whole = bytes_of("id", question, {{record(DnsType::mx, 9, u16(1) + name_of("mx.example.org"))}});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(read_dns_reply(std::string_view(whole).substr(0, size), DnsType::mx), Error) << size;
  EXPECT_EQ(read_dns_reply(whole, DnsType::mx).size(), 1u);
  const auto wrong = bytes_of("id", question, {{record(DnsType::a, 9, "abc")}});
  EXPECT_THROW(read_dns_reply(wrong, DnsType::a), Error);
  const auto loop = bytes_of("id", std::string("\xc0\x0c", 2) + u16(15) + u16(1), {});
  EXPECT_THROW(read_dns_reply(loop, DnsType::mx), Error);
}

TEST(DnsName, IsCheckedBeforeItIsAskedFor) {
  for (const auto* name :
       {"example.org", "_imaps._tcp.example.org", "a", "example.org.", "xn--80ak6aa92e.com"})
    EXPECT_TRUE(is_dns_name(name)) << name;
  for (const auto* name : {"", ".", "a..b", ".a", "a b", "a/b", "\xd0\xb0", "a\\.b"})
    EXPECT_FALSE(is_dns_name(name)) << name;
  EXPECT_FALSE(is_dns_name(std::string(64, 'a') + ".org"));
  EXPECT_FALSE(is_dns_name(std::string(254, 'a')));
}

}  // namespace
}  // namespace patchbay::net
