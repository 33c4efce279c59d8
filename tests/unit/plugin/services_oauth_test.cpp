#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "unit/plugin/services_fixture.hpp"

namespace patchbay::plugin {
namespace {

class ServicesOAuthTest : public ServicesTest {
 protected:
  ServicesOAuthTest() {
    GrantSpec grant;
    grant.hosts = {"api.example.org", "profile:/api"};
    manifest_.grants["account"] = grant;
    manifest_.profile.secrets["app_secret"].hosts = {"profile:/api"};
    manifest_.egress.emplace_back("profile:/api");
    manifest_.egress.emplace_back("other.example.org");
    profile_ = 5;
    profile_settings_ = R"({"api": "https://mail.example.net"})";
    grants_["account"] = {11, 12};
    tokens_[11] = {"token-a", "token-b"};
    tokens_[12] = {"token-c"};
    store_->write_now([&](store::Session& session) {
      vault_->put(session, vault::SecretName("profile", 5, "app_secret"), "of the app");
    });
    start();
  }
};

TEST_F(ServicesOAuthTest, PutsTheTokenInOnTheWayOut) {  // SDK-4, SETUP-4
  http_.answer(200);
  http_.answer(200);
  EXPECT_TRUE(fetch({{"url", "https://api.example.org/x"}, {"auth", "oauth:account"}}).ok());
  EXPECT_EQ(header("Authorization"), "Bearer token-a");
  EXPECT_TRUE(fetch({{"url", "https://mail.example.net/x?t={{oauth:account}}"},
                     {"headers", {{"X-Proof", "{{hmac-sha256-hex:profile:app_secret:{{oauth:account}}}}"}}}})
                  .ok());
  EXPECT_EQ(sent(1).url, "https://mail.example.net/x?t=token-a");
  EXPECT_EQ(header("X-Proof", 1),
            crypto::to_hex(crypto::hmac(crypto::Hash::sha256, "of the app", "token-a")));
}

TEST_F(ServicesOAuthTest, TellsItToNobodyElse) {  // ACC-4
  EXPECT_EQ(fetch({{"url", "https://other.example.org/"}, {"auth", "oauth:account"}}).code, Code::denied);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"headers", {{"X", "{{profile:app_secret}}"}}}}).code,
            Code::denied);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"auth", "oauth:unknown"}}).code, Code::denied);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"},
                   {"headers", {{"X", "{{hmac-sha256-hex:oauth:account:x}}"}}}})
                .code,
            Code::unsupported);
  EXPECT_TRUE(asked_tokens_.empty());
}

TEST_F(ServicesOAuthTest, TriesOnceMoreWithAFreshOneAfterA401) {  // plugin-abi: UNAUTHENTICATED
  http_.answer(401);
  http_.answer(200, "fine");
  const auto result =
      fetch({{"method", "POST"}, {"url", "https://api.example.org/x"}, {"auth", "oauth:account"}});
  EXPECT_EQ(body_of(result)["status"], 200);
  EXPECT_EQ(header("Authorization", 1), "Bearer token-b");
  http_.answer(401);
  http_.answer(401);
  EXPECT_EQ(body_of(fetch({{"url", "https://api.example.org/x"}, {"auth", "oauth:account"}}))["status"], 401);
  EXPECT_EQ(header("Authorization", 3), "Bearer token-c")
      << "the next grant, when the first has no other token";
  EXPECT_EQ(http_.seen.size(), 4u);
}

TEST_F(ServicesOAuthTest, GivesItForProtocolsOfItsOwnAndWritesThatDown) {  // N11
  const auto result = ask("pb.oauth/1:token", {{"grant", "account"}});
  EXPECT_EQ(body_of(result)["token"], "token-a");
  ask("pb.oauth/1:token", {{"grant", "account"}});
  EXPECT_EQ(body_of(ask("pb.oauth/1:token", {{"grant", "account"}, {"rejected", "token-a"}}))["token"],
            "token-b");
  const auto noted = store_->read_now([](store::Session& session) {
    return session.query("select detail from audit where action = 'token.read'").size();
  });
  EXPECT_EQ(noted, 2u) << "each token once";
  EXPECT_EQ(ask("pb.oauth/1:token", {{"grant", "other"}}).code, Code::not_found);
  EXPECT_EQ(ask("pb.oauth/1:token", {{"grant", "account"}, {"min_valid_s", 99999}}).code, Code::invalid);
}

TEST_F(ServicesOAuthTest, PutsUserAndPasswordInOfAGrantByPassword) {  // N1, N4
  manifest_.grants["account"].by_password = true;
  start();
  http_.answer(200);
  EXPECT_TRUE(fetch({{"url", "https://api.example.org/"},
                     {"auth", "basic:{{grant:account.user}}:{{grant:account.password}}"}})
                  .ok());
  EXPECT_EQ(header("Authorization"), "Basic " + crypto::to_base64("user-of-11:token-a"));
  const json to_another = {{"url", "https://other.example.org/"},
                           {"headers", {{"X", "{{grant:account.password}}"}}}};
  EXPECT_EQ(fetch(to_another).code, Code::denied);
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"auth", "oauth:account"}}).code, Code::denied);
  EXPECT_EQ(body_of(ask("pb.oauth/1:token", {{"grant", "account"}}))["user"], "user-of-11");
}

TEST_F(ServicesOAuthTest, KeepsWhatIsFoundForAGrantWithIt) {  // N4
  manifest_.grants["account"].secrets["page"].hosts = {"api.example.org"};
  start();
  const json get = {{"url", "https://api.example.org/"}, {"headers", {{"X", "{{grant:account.page}}"}}}};
  EXPECT_EQ(fetch(get).code, Code::unauthenticated) << "nothing is found yet";
  EXPECT_TRUE(ask("pb.secrets/1:put", {{"grant", "account"}, {"name", "page"}, {"value", "p-1"}}).ok());
  side_ = side_of(8);  // another integration of the same person
  http_.answer(200);
  EXPECT_TRUE(fetch(get).ok());
  EXPECT_EQ(header("X"), "p-1");
  EXPECT_EQ(body_of(ask("pb.secrets/1:get", {{"grant", "account"}, {"name", "page"}}))["value"], "p-1");
  EXPECT_EQ(ask("pb.secrets/1:get", {{"name", "page"}}).code, Code::not_found)
      << "it is not the integration's";
  EXPECT_EQ(ask("pb.secrets/1:get", {{"grant", "other"}, {"name", "page"}}).code, Code::not_found);
  EXPECT_TRUE(told_.empty()) << "routes do not verify with it";
  auto elsewhere = get;
  elsewhere["url"] = "https://mail.example.net/";
  EXPECT_EQ(fetch(elsewhere).code, Code::denied) << "the token may go there, this may not";
  EXPECT_EQ(
      fetch({{"url", "https://api.example.org/"}, {"headers", {{"X", "{{grant:account.password}}"}}}}).code,
      Code::denied)
      << "an OAuth grant has none";

  tokens_[11].clear();  // the next grant of the name is another person's
  EXPECT_EQ(fetch(get).code, Code::unauthenticated);
  EXPECT_TRUE(ask("pb.secrets/1:put", {{"grant", "account"}, {"name", "page"}, {"value", "p-2"}}).ok());
  http_.answer(200);
  EXPECT_TRUE(fetch(get).ok());
  EXPECT_EQ(header("X", 1), "p-2");
  const auto noted = store_->read_now([](store::Session& session) {
    return session.query("select object from audit where action = 'secret.write'");
  });
  ASSERT_EQ(noted.size(), 2u);
  EXPECT_EQ(noted[0].text(0), "grant:11");
}

TEST_F(ServicesOAuthTest, SaysThatSomebodyHasToSignIn) {
  tokens_.clear();
  EXPECT_EQ(fetch({{"url", "https://api.example.org/"}, {"auth", "oauth:account"}}).code,
            Code::unauthenticated);
  grants_.clear();
  start();
  const auto result = fetch({{"url", "https://api.example.org/"}, {"auth", "oauth:account"}});
  EXPECT_EQ(result.code, Code::unauthenticated);
  EXPECT_THAT(result.text, ::testing::HasSubstr("signed in"));
  EXPECT_TRUE(http_.seen.empty());
}

}  // namespace
}  // namespace patchbay::plugin
