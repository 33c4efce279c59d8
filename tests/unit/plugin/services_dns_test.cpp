// pb.dns/1:resolve (N11).
#include "plugin/dns_verbs.hpp"
#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using testing::ElementsAre;

class FakeDns final : public net::Dns {
 public:
  boost::asio::awaitable<std::vector<net::DnsRecord>> resolve(std::string name, net::DnsType type,
                                                              Duration) override {
    asked.push_back(name + " " + std::to_string(static_cast<int>(type)));
    if (records.empty()) throw Error(Code::not_found, Text("net.dns_not_found", {{"name", name}}));
    co_return records;
  }
  std::vector<net::DnsRecord> records;
  std::vector<std::string> asked;
};

class ServicesDnsTest : public ServicesTest {
 protected:
  ServicesDnsTest() {
    manifest_.needs = {"pb.dns/1"};
    add_dns(*services_, dns_, clock_);
    start();
  }
  port::Result resolve(const std::string& name, const std::string& type) {
    return ask("pb.dns/1:resolve", {{"name", name}, {"type", type}});
  }
  FakeDns dns_;
};

TEST_F(ServicesDnsTest, ShowsWhatEachTypeHas) {
  dns_.records = {net::DnsRecord{"mx.example.org", 300, 10, 0, 0}};
  EXPECT_EQ(body_of(resolve("example.org", "MX"))["records"],
            json::parse(R"([{"ttl": 300, "priority": 10, "target": "mx.example.org"}])"));
  dns_.records = {net::DnsRecord{"imap.example.org", 60, 1, 2, 993}};
  EXPECT_EQ(
      body_of(resolve("_imaps._tcp.example.org", "SRV"))["records"],
      json::parse(R"([{"ttl": 60, "priority": 1, "weight": 2, "port": 993, "target": "imap.example.org"}])"));
  dns_.records = {net::DnsRecord{"192.0.2.1", 1, 0, 0, 0}};
  EXPECT_EQ(body_of(resolve("example.org", "A"))["records"],
            json::parse(R"([{"ttl": 1, "address": "192.0.2.1"}])"));
  dns_.records = {net::DnsRecord{"v=spf1 -all", 1, 0, 0, 0}};
  EXPECT_EQ(body_of(resolve("example.org", "TXT"))["records"],
            json::parse(R"([{"ttl": 1, "text": "v=spf1 -all"}])"));
  EXPECT_THAT(dns_.asked,
              ElementsAre("example.org 15", "_imaps._tcp.example.org 33", "example.org 1", "example.org 16"));
}

TEST_F(ServicesDnsTest, PassesOnThatThereIsNone) {
  EXPECT_EQ(resolve("example.org", "AAAA").code, Code::not_found);
}

TEST_F(ServicesDnsTest, ChecksWhatIsAskedFor) {
  EXPECT_EQ(resolve("exa mple.org", "A").code, Code::invalid);
  EXPECT_EQ(resolve("example.org", "ANY").code, Code::invalid);
  EXPECT_TRUE(dns_.asked.empty());
}

TEST_F(ServicesDnsTest, MustBeNeeded) {
  manifest_.needs.clear();
  start();
  EXPECT_EQ(resolve("example.org", "A").code, Code::denied);
  EXPECT_TRUE(dns_.asked.empty());
}

TEST_F(ServicesDnsTest, HoldsBackWhoAsksInCircles) {
  dns_.records = {net::DnsRecord{"192.0.2.1", 1, 0, 0, 0}};
  port::Result last;
  int asked = 0;
  while (asked < 2000 && (last = resolve("example.org", "A")).ok()) ++asked;
  EXPECT_GE(asked, 100);
  EXPECT_EQ(last.code, Code::rate_limited);
}

}  // namespace
}  // namespace patchbay::plugin
