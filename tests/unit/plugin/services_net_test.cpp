// pb.net/1:connect (N11, HOST-6): what the manifest allows, and what becomes of the socket.
#include <sys/socket.h>

#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ServicesNetTest : public ServicesTest {
 protected:
  ServicesNetTest() {
    manifest_.net = {{"*.example.org", {"993"}},
                     {"setting:/imap_host", {"143", "setting:/imap_port"}},
                     {"profile:/smtp", {"profile:/smtp_port"}}};
    settings_ = R"({"imap_host": "imap.acme.com", "imap_port": 9993})";
    profile_settings_ = R"({"smtp": "smtp.acme.com", "smtp_port": "587"})";
    network_.addresses["imap.acme.com"] = {"93.184.216.34"};
    network_.addresses["smtp.acme.com"] = {"93.184.216.35"};
    network_.addresses["mail.example.org"] = {"93.184.216.36"};
    network_.addresses["inside.example.org"] = {"10.0.0.1"};
    start();
  }

  port::Result connect(const std::string& host, int port) {
    return ask("pb.net/1:connect", {{"host", host}, {"port", port}});
  }
};

TEST_F(ServicesNetTest, HandsOverASocketToADeclaredPlace) {
  const auto result = connect("mail.example.org", 993);
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(body_of(result)["address"], "93.184.216.36");
  ASSERT_TRUE(result.fd);
  int type = 0;
  socklen_t size = sizeof type;
  EXPECT_EQ(::getsockopt(result.fd->get(), SOL_SOCKET, SO_TYPE, &type, &size), 0);
  EXPECT_EQ(type, SOCK_STREAM);
  EXPECT_THAT(network_.opened, ElementsAre("93.184.216.36 993"));
}

TEST_F(ServicesNetTest, PlacesComeFromSettingsAndTheProfile) {
  EXPECT_TRUE(connect("imap.acme.com", 143).ok());
  EXPECT_TRUE(connect("IMAP.acme.com", 9993).ok());
  EXPECT_TRUE(connect("smtp.acme.com", 587).ok());
}

TEST_F(ServicesNetTest, AProfileSaysWhomToBelieve) {  // N11
  EXPECT_FALSE(body_of(connect("mail.example.org", 993)).contains("authorities"));
  manifest_.profile.authorities = "/ca";
  profile_settings_ = R"({"ca": "-----BEGIN CERTIFICATE-----"})";
  start();
  EXPECT_EQ(body_of(connect("mail.example.org", 993))["authorities"], "-----BEGIN CERTIFICATE-----");
}

// N9: thousands of mailboxes come back one after another; waiting is part of the time that was given.
TEST_F(ServicesNetTest, ConnectionsToOneServerAreSpread) {
  int made = 0;
  int refused = 0;
  for (const Id integration : {7, 8}) {  // each has a limit of its own
    side_ = side_of(integration);
    for (int i = 0; i < 40; ++i) {
      const auto result =
          ask("pb.net/1:connect", {{"host", "mail.example.org"}, {"port", 993}}, {}, {}, Duration{20});
      (result.ok() ? made : refused) += 1;
      if (!result.ok()) {
        EXPECT_EQ(result.code, Code::rate_limited) << result.text;
        EXPECT_GT(result.retry_after, Duration{0});
        EXPECT_THAT(result.text, HasSubstr("mail.example.org:993"));
      }
    }
  }
  EXPECT_GE(made, 50);
  EXPECT_LE(made, 60);
  EXPECT_EQ(made + refused, 80);
  EXPECT_TRUE(connect("imap.acme.com", 143).ok()) << "another server";
}

TEST_F(ServicesNetTest, RefusesWhatIsNotDeclared) {
  for (const auto& [host, port] : std::vector<std::pair<std::string, int>>{{"mail.example.org", 25},
                                                                           {"example.org", 993},
                                                                           {"imap.acme.com", 993},
                                                                           {"smtp.acme.com", 143},
                                                                           {"evil.com", 993},
                                                                           {"93.184.216.36", 993},
                                                                           {"api.example.org:993", 993},
                                                                           {"", 993}}) {
    const auto result = connect(host, port);
    EXPECT_EQ(result.code, Code::denied) << host;
    EXPECT_THAT(result.text, HasSubstr("plugin.json")) << host;
    EXPECT_FALSE(result.fd);
  }
  EXPECT_THAT(network_.opened, IsEmpty());
  EXPECT_THAT(network_.resolved, IsEmpty());
}

TEST_F(ServicesNetTest, RefusesAPrivateAddressOfADeclaredPlace) {
  const auto result = connect("inside.example.org", 993);
  EXPECT_EQ(result.code, Code::denied);
  EXPECT_THAT(result.text, HasSubstr("egress.allow"));
  EXPECT_THAT(network_.opened, IsEmpty());
}

TEST_F(ServicesNetTest, RefusesARequestThatIsNone) {
  EXPECT_EQ(connect("mail.example.org", 0).code, Code::invalid);
  EXPECT_EQ(connect("mail.example.org", 65536).code, Code::invalid);
  EXPECT_EQ(ask("pb.net/1:connect", {{"port", 993}}).code, Code::invalid);
}

TEST_F(ServicesNetTest, HoldsBackWhoConnectsInCircles) {
  int made = 0;
  port::Result last;
  while (made < 200 && (last = connect("mail.example.org", 993)).ok()) ++made;
  EXPECT_GE(made, 60);
  EXPECT_LT(made, 200);
  EXPECT_EQ(last.code, Code::rate_limited);
  EXPECT_GT(last.retry_after, Duration{0});
}

// The host does not see what goes over the connection.
TEST_F(ServicesNetTest, WhoHasConnectionsMayAlwaysHaveActed) {
  EXPECT_TRUE(side_->acted("any trace", clock_.monotonic()));
  manifest_.net.clear();
  start();
  EXPECT_FALSE(side_->acted("any trace", clock_.monotonic()));
}

}  // namespace
}  // namespace patchbay::plugin
