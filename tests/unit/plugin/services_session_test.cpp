// Sessions and logins of pb.http/1:fetch (plugin-needs N4, N7 c).
#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class ServicesSessionTest : public ServicesTest {
 protected:
  port::Result fetch_in(const std::string& session) {
    http_.answer(200);
    auto result = fetch({{"url", "https://api.example.org/"}, {"session", session}});
    if (!result.ok()) http_.turns.pop_back();
    return result;
  }
};

TEST_F(ServicesSessionTest, OneNameIsOneSession) {
  for (const char* name : {"a", "a", "b"}) EXPECT_TRUE(fetch_in(name).ok());
  http_.answer(200);
  fetch({{"url", "https://api.example.org/"}});
  EXPECT_NE(sent(0).session, nullptr);
  EXPECT_EQ(sent(0).session.get(), sent(1).session.get());
  EXPECT_NE(sent(0).session.get(), sent(2).session.get());
  EXPECT_EQ(sent(3).session, nullptr);
}

TEST_F(ServicesSessionTest, AnotherIntegrationHasSessionsOfItsOwn) {
  EXPECT_TRUE(fetch_in("a").ok());
  side_ = side_of(8);
  EXPECT_TRUE(fetch_in("a").ok());
  EXPECT_NE(sent(0).session.get(), sent(1).session.get());
}

TEST_F(ServicesSessionTest, ThereAreEightAtMost) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(fetch_in(std::to_string(i)).ok());
  EXPECT_EQ(fetch_in("one more").code, Code::rate_limited);
  EXPECT_TRUE(fetch_in("7").ok());
}

TEST_F(ServicesSessionTest, TheyEndWithTheInstance) {
  EXPECT_TRUE(fetch_in("a").ok());
  http_.seen.clear();
  EXPECT_FALSE(http_.sessions.at(0).expired());
  side_->instance_ended();
  EXPECT_TRUE(http_.sessions.at(0).expired());
  EXPECT_TRUE(fetch_in("a").ok());
  EXPECT_EQ(http_.sessions.size(), 2u);
}

TEST_F(ServicesSessionTest, ItsNameIsATextOfSomeLength) {
  EXPECT_EQ(fetch_in("").code, Code::invalid);
  EXPECT_EQ(fetch_in(std::string(101, 'x')).code, Code::invalid);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"session", 1}}).code, Code::invalid);
}

TEST_F(ServicesSessionTest, ADigestIsLeftToTheClient) {
  http_.answer(200);
  const auto result =
      fetch({{"url", "https://api.example.org/"}, {"auth", "digest:CORP\\ann:{{secret:token}}"}});
  EXPECT_TRUE(result.ok()) << result.text;
  ASSERT_TRUE(sent().login);
  EXPECT_EQ(sent().login->scheme, net::Login::Scheme::digest);
  EXPECT_EQ(sent().login->user, "CORP\\ann");
  EXPECT_EQ(sent().login->password, "123:s3cret/value");
  EXPECT_EQ(header("Authorization"), "");
  EXPECT_THAT(lines_ + result.message.json, Not(HasSubstr("s3cret")));
}

TEST_F(ServicesSessionTest, TheUserMayBeASecretToo) {
  http_.answer(200);
  fetch({{"url", "https://api.example.org/"},
         {"session", "ews"},
         {"auth", "ntlm:{{secret:key}}:{{secret:token}}"}});
  ASSERT_TRUE(sent().login);
  EXPECT_EQ(sent().login->scheme, net::Login::Scheme::ntlm);
  EXPECT_EQ(sent().login->user, "signing-key");
  EXPECT_EQ(sent().login->password, "123:s3cret/value");
}

TEST_F(ServicesSessionTest, NtlmNeedsASession) {
  const auto result = fetch({{"url", "https://api.example.org/"}, {"auth", "ntlm:ann:{{secret:token}}"}});
  EXPECT_EQ(result.code, Code::invalid);
  EXPECT_THAT(result.text, HasSubstr("\"session\""));
}

TEST_F(ServicesSessionTest, APasswordIsASecretAndGoesToItsHostsOnly) {
  const auto ask_with = [&](const std::string& url, const std::string& auth) {
    return fetch({{"url", url}, {"auth", auth}}).code;
  };
  EXPECT_EQ(ask_with("https://api.example.org/", "digest:ann:open"), Code::invalid);
  EXPECT_EQ(ask_with("https://api.example.org/", "digest:ann"), Code::invalid);
  EXPECT_EQ(ask_with("https://api.example.org/", "digest::{{secret:token}}"), Code::invalid);
  EXPECT_EQ(ask_with("http://127.0.0.1:19000/", "digest:ann:{{secret:key}}"), Code::denied);
  EXPECT_TRUE(http_.seen.empty());
}

}  // namespace
}  // namespace patchbay::plugin
