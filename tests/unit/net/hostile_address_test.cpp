// OPS-13, bar 16: none of these addresses is ever connected to.
#include <gtest/gtest.h>

#include <cstdio>
#include <vector>

#include "unit/net/client_fixture.hpp"

namespace patchbay::net {
namespace {

// Spellings of places inside: loopback, link-local (metadata services), private networks.
const std::vector<std::string> kHostileHosts = {
    // dotted quads of every closed range
    "127.0.0.1", "127.0.0.2", "127.127.127.127", "127.255.255.255", "10.0.0.1", "10.255.255.255",
    "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.170.2",
    "169.254.0.1", "0.0.0.0", "0.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    // decimal, octal, hexadecimal, short
    "2130706433", "2852039166", "3232235521", "167772161", "0", "4294967295", "017700000001", "025177524776",
    "030052000001", "0x7f000001", "0x7F000001", "0xa9fea9fe", "0xc0a80001", "0x0", "127.1", "127.0.1", "10.1",
    "192.168.1", "169.254.43518", "0177.0.0.1", "0177.0.0.01", "0251.0376.0251.0376", "012.0.0.1",
    "0x7f.0.0.1", "0x7f.1", "0xa9.0xfe.0xa9.0xfe", "127.0x0.0.1", "127.00.00.01", "00127.0.0.1",
    "0x7f.0x0.0x0.0x1", "127.0.0.1.", "127.0.0.0x1", "1.1.1.1.1", "256.256.256.256", "127.0.0.257",
    "99999999999", "-1", "127.0.0.1e0", "0b1111111.0.0.1",
    // IPv6
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::127.0.0.1]",
    "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:7f00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::FFFF:192.168.0.1]",
    "[::ffff:0.0.0.0]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]", "[2002:a00:1::1]", "[2002:a9fe:a9fe::]", "[2002:c0a8:1::1]", "[2001::1]",
    "[2001:0:7f00:1::]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:db8::1]", "[3fff::1]",
    "[fc00::1]", "[fd00:ec2::254]", "[fdff:ffff::1]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]",
    "[febf::1]", "[fec0::1]", "[ff02::1]", "[ff05::2]", "[100::1]", "[5f00::1]", "[4000::1]", "[::1", "::1",
    "[::1]]", "[[::1]]", "[127.0.0.1]", "[::1]x", "[v1.::1]", "[0x7f000001]",
    // names and tricks with the written form
    "localhost", "LOCALHOST", "LocalHost", "localhost.", "a.localhost", "ip6-localhost", "ip6-loopback",
    "intranet", "metadata", "user@127.0.0.1", "api.example.org@127.0.0.1", "api.example.org:443@127.0.0.1",
    "127.0.0.1\\@api.example.org", "api.example.org\\@127.0.0.1", "api.example.org%40127.0.0.1",
    "127.0.0.1%00.example.org", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "127.0.0.1 .example.org", "127.0.0.1\t",
    "127.0.0.1\r\nHost: x", "api.example.org\r\n127.0.0.1", "127.0.0.1#@api.example.org",
    "127.0.0.1?@api.example.org", "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1",
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1",
    "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
    "loc\xc2\xad"
    "alhost",
    "..127.0.0.1", "127..0.0.1", "", ":80", "@127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:443:80",
    "127.0.0.1:99999"};

// Names that resolve to places inside, as a rebinding name server would answer.
const std::vector<std::string> kInside = {
    "127.0.0.1", "10.0.0.5", "169.254.169.254",  "192.168.1.1",     "100.64.0.9",    "::1",
    "fe80::1",   "fd00::1",  "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0"};

class HostileAddressTest : public ClientTest {
 protected:
  HostileAddressTest() {
    options_.may_connect = [this](std::string_view address) {
      connected_.emplace_back(address);
      return false;  // should the guard fail, still no packet leaves
    };
  }

  std::vector<std::string> connected_;
};

TEST_F(HostileAddressTest, AreAtLeastAsManyAsTheBarAsks) {
  EXPECT_GE(kHostileHosts.size() + kInside.size(), 150u);
}

TEST_F(HostileAddressTest, AreNotConnectedToOverEitherScheme) {
  for (const auto& host : kHostileHosts) {
    for (const char* scheme : {"https://", "http://"}) {
      const auto code = code_of({"GET", scheme + host + "/latest/meta-data/"});
      EXPECT_TRUE(code == Code::denied || code == Code::invalid) << scheme << host;
    }
  }
  EXPECT_THAT(connected_, ::testing::IsEmpty());
}

TEST_F(HostileAddressTest, AreNotConnectedToWhenANameResolvesToThem) {
  for (std::size_t i = 0; i < kInside.size(); ++i) {
    const auto address = kInside[i].find(':') == std::string::npos ? kInside[i] : "[" + kInside[i] + "]";
    options_.resolve.push_back("name" + std::to_string(i) + ".example.org:443:" + address);
  }
  for (std::size_t i = 0; i < kInside.size(); ++i) {
    EXPECT_EQ(code_of({"GET", "https://name" + std::to_string(i) + ".example.org/"}), Code::denied)
        << kInside[i];
    EXPECT_EQ(text_.id(), "net.address_refused") << kInside[i];
  }
  EXPECT_THAT(connected_, ::testing::IsEmpty());
  std::printf("egress: %zu addresses inside, %zu connections\n", kHostileHosts.size() + kInside.size(),
              connected_.size());
}

TEST_F(HostileAddressTest, AreSkippedWhenANameHasAlsoAPublicOne) {
  options_.resolve = {"both.example.org:443:127.0.0.1,8.8.8.8,10.0.0.1"};
  HttpRequest request("GET", "https://both.example.org/");
  request.timeout = std::chrono::milliseconds(200);
  EXPECT_NE(code_of(std::move(request)), Code::ok);
  EXPECT_THAT(connected_, ::testing::ElementsAre("8.8.8.8"));
}

TEST_F(HostileAddressTest, AreNotConnectedToByRedirects) {
  std::string location;
  HttpServer server([&](const auto&) { return HttpServer::Reply(302, {{"Location", location}}); });
  open(server);
  options_.may_connect = [&](std::string_view address) {
    if (address != "127.0.0.1") connected_.emplace_back(address);
    return address == "127.0.0.1";
  };
  options_.resolve = {"inside.example.org:443:10.0.0.7"};
  auto hosts = kHostileHosts;
  hosts.push_back("inside.example.org");
  for (const auto& host : hosts) {
    if (host.find_first_of("\r\n") != host.npos) continue;  // no header can say that
    location = "https://" + host + "/";
    HttpRequest request("GET", server.url());
    request.max_redirects = 3;
    const auto code = code_of(std::move(request));
    EXPECT_TRUE(code == Code::denied || code == Code::invalid) << host;
  }
  EXPECT_THAT(connected_, ::testing::IsEmpty());
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HostileAddressTest, AKeptConnectionOfAnotherRuleIsNotReused) {
  HttpServer server([](const auto&) { return HttpServer::Reply("inside"); });
  options_.may_connect = nullptr;
  const auto port = std::to_string(server.port());
  options_.resolve = {"crm.example.org:" + port + ":127.0.0.1"};
  rule_.opened = {"crm.example.org:" + port};
  EXPECT_EQ(fetch({"GET", "http://crm.example.org:" + port + "/"}).body, "inside");
  rule_.opened.clear();
  EXPECT_EQ(code_of({"GET", "http://crm.example.org:" + port + "/"}), Code::denied);
  EXPECT_EQ(server.requests().size(), 1u);
}

}  // namespace
}  // namespace patchbay::net
