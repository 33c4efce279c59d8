#include "support.hpp"

namespace patchbay::oauth {
namespace {

class SignInsTest : public OAuthTest {
 protected:
  static constexpr const char* kBack = "https://us.example/oauth/callback";

  SignIns::Wanted wanted(std::optional<Id> again = {}) {
    SignIns::Wanted out;
    out.plugin = "acme";
    out.name = "account";
    out.grant = again;
    out.started_by = "test";
    return out;
  }
  // The state that the address carries.
  std::string state_of(const SignIn& begun) { return field_of(begun, "state"); }
  std::string field_of(const SignIn& begun, const std::string& name) {
    const auto address = json::parse(begun.shown).at("address").get<std::string>();
    for (const auto& [key, value] : hooks::parse_form(address.substr(address.find('?') + 1))) {
      if (key == name) return value;
    }
    return {};
  }
  Callback callback(const SignIn& begun) {
    Callback out;
    out.state = state_of(begun);
    out.code = "the-code";
    out.issuer = provider_.issuer;
    return out;
  }
  SignIn begin(std::optional<Id> again = {}) { return wait(sign_ins_->begin_code(wanted(again), kBack)); }
  SignIn find(Id id) { return *wait(sign_ins_->find(id)); }
};
PB_ON_BOTH_DATABASES(SignInsTest);

TEST_P(SignInsTest, ProveWithPkceThatTheCodeIsTheirs) {  // SETUP-4, RFC 7636
  provider_.parameters = {{"prompt", "consent"}};
  const auto begun = begin();
  EXPECT_EQ(field_of(begun, "redirect_uri"), kBack);
  EXPECT_EQ(field_of(begun, "scope"), "mail offline_access");
  EXPECT_EQ(field_of(begun, "prompt"), "consent");
  answer_token("a", "r");
  const auto done = wait(sign_ins_->finish(callback(begun)));
  EXPECT_EQ(done.state, "done") << done.reason;
  const auto challenge = crypto::to_base64url(crypto::digest(crypto::Hash::sha256, sent("code_verifier", 0)));
  EXPECT_EQ(field_of(begun, "code_challenge"), challenge);
  EXPECT_EQ(sent("code", 0), "the-code");
  EXPECT_EQ(sent("redirect_uri", 0), kBack);
  EXPECT_EQ(http_.seen[0]->request.headers.back().second,
            "Basic " + crypto::to_base64("us:s3cret%20%25%2F"));  // RFC 6749, 2.3.1
  EXPECT_EQ(attached_, std::vector<Id>{*done.grant});
  EXPECT_EQ(done_, std::vector<Id>{*done.grant});
  EXPECT_EQ(stored(*done.grant).title, "alice@x.example");
  EXPECT_EQ(stored_tokens(*done.grant).refresh, "r");
}

TEST_P(SignInsTest, WorkOnceAndInTime) {
  const auto begun = begin();
  answer_token("a", "r");
  wait(sign_ins_->finish(callback(begun)));
  EXPECT_EQ(failure_of(sign_ins_->finish(callback(begun))), Code::invalid);
  Callback made_up;
  made_up.state = "made-up";
  EXPECT_EQ(failure_of(sign_ins_->finish(made_up)), Code::invalid);
  const auto late = begin();
  clock_.advance(16min);
  EXPECT_EQ(failure_of(sign_ins_->finish(callback(late))), Code::invalid);
  EXPECT_EQ(find(late.id).state, "failed");
  EXPECT_EQ(http_.seen.size(), 1u);
}

TEST_P(SignInsTest, TellTheCodeToNoOtherServer) {  // RFC 9207
  const auto begun = begin();
  auto back = callback(begun);
  back.issuer = "https://evil.example";
  const auto done = wait(sign_ins_->finish(back));
  EXPECT_EQ(done.state, "failed");
  EXPECT_NE(done.reason.find("evil.example"), std::string::npos);
  auto silent = callback(begin());
  silent.issuer.clear();
  EXPECT_EQ(wait(sign_ins_->finish(silent)).state, "failed") << "one that says who it is says so always";
  EXPECT_TRUE(http_.seen.empty());
}

TEST_P(SignInsTest, OfTheSamePersonGiveTheSameGrant) {
  answer_token("a", "r");
  const auto first = wait(sign_ins_->finish(callback(begin())));
  answer_token("b", "s");
  const auto second = wait(sign_ins_->finish(callback(begin())));
  EXPECT_EQ(first.grant, second.grant);
  EXPECT_EQ(wait(tokens_->token(*second.grant, 60s, "")).value, "b");
  answer_token("c", "t", "bob");
  EXPECT_NE(wait(sign_ins_->finish(callback(begin()))).grant, first.grant);
}

TEST_P(SignInsTest, KeepARefreshTokenThatTheProviderGivesOnce) {
  answer_token("a", "r");
  const auto first = wait(sign_ins_->finish(callback(begin())));
  answer_token("b", "");
  EXPECT_EQ(wait(sign_ins_->finish(callback(begin()))).grant, first.grant);
  EXPECT_EQ(stored_tokens(*first.grant).access, "b");
  EXPECT_EQ(stored_tokens(*first.grant).refresh, "r");
  EXPECT_TRUE(stored(*first.grant).renewable);
}

TEST_P(SignInsTest, WithAPluginThatIsAwaySaySoAndEnd) {
  const auto begun = begin();
  away_ = true;
  EXPECT_EQ(wait(sign_ins_->finish(callback(begun))).state, "failed");
  EXPECT_NE(find(begun.id).reason.find("away"), std::string::npos);
}

TEST_P(SignInsTest, OnceMoreMustBeOfTheSamePerson) {
  const auto id = grant();
  answer_token("b", "s", "bob");
  http_.answer(200);  // bob's is taken back
  const auto wrong = wait(sign_ins_->finish(callback(begin(id))));
  EXPECT_EQ(wrong.state, "failed");
  EXPECT_EQ(http_.seen.back()->request.url, "https://id.example/revoke");
  EXPECT_EQ(stored_tokens(id).access, "first");
  store_->write_now(
      [&](store::Session& session) { EXPECT_TRUE(table_.sign_out(session, id, "revoked", "refresh-1")); });
  answer_token("again", "r2");
  EXPECT_EQ(wait(sign_ins_->finish(callback(begin(id)))).grant, id);
  EXPECT_TRUE(stored(id).works);
  EXPECT_EQ(wait(tokens_->token(id, 60s, "")).value, "again");
}

TEST_P(SignInsTest, WhatTheProviderSaysIsTheReason) {
  const auto begun = begin();
  Callback no;
  no.state = state_of(begun);
  no.error = "access_denied";
  no.error_description = "Alice said no";
  EXPECT_EQ(wait(sign_ins_->finish(no)).state, "failed");
  EXPECT_NE(find(begun.id).reason.find("Alice said no"), std::string::npos);
  const auto second = begin();
  refuse("invalid_client");
  EXPECT_NE(wait(sign_ins_->finish(callback(second))).reason.find("invalid_client"), std::string::npos);
}

TEST_P(SignInsTest, LeaveNoSecretBehind) {
  const auto begun = begin();
  answer_token("a", "r");
  wait(sign_ins_->finish(callback(begun)));
  const auto left =
      store_->read_now([&](store::Session& session) { return vault_->names(session, "sign_in", begun.id); });
  EXPECT_TRUE(left.empty());
}

TEST_P(SignInsTest, OnADeviceWaitAsLongAsTheProviderWants) {  // RFC 8628
  http_.answer(
      200,
      R"({"device_code": "d", "user_code": "AB", "verification_uri": "https://id.example/d", "expires_in": 600})");
  const auto begun = wait(sign_ins_->begin_device(wanted()));
  EXPECT_EQ(json::parse(begun.shown).at("user_code"), "AB");
  refuse("authorization_pending");
  refuse("slow_down");
  http_.answer(503);
  answer_token("a", "r");
  ASSERT_TRUE(until([&] { return !done_.empty(); }));
  EXPECT_EQ(find(begun.id).state, "done");
  EXPECT_EQ(sent("device_code", 4), "d");
  EXPECT_EQ(http_.seen.size(), 5u);
}

TEST_P(SignInsTest, OnADeviceGoOnAfterARestart) {
  http_.answer(
      200,
      R"({"device_code": "d", "user_code": "AB", "verification_uri": "https://id.example/d", "expires_in": 600})");
  const auto begun = wait(sign_ins_->begin_device(wanted()));
  step_ = 200ms;
  wait(sign_ins_->stop());
  wait(tokens_->stop());
  step_ = 0ms;
  start();
  clock_.advance(1s);
  answer_token("a", "r");
  sign_ins_->start();
  ASSERT_TRUE(until([&] { return !done_.empty(); }));
  EXPECT_EQ(find(begun.id).state, "done");
}

TEST_P(SignInsTest, TakeAPasswordAtOnce) {  // plugin-needs N1
  EXPECT_THROW(wait(sign_ins_->take_password(wanted(), {"ann", "one"})), Error) << "not offered";
  provider_ = Provider();
  provider_.by_password = true;
  const auto done = wait(sign_ins_->take_password(wanted(), {"ann", "one"}));
  EXPECT_EQ(done.state, "done") << done.reason;
  EXPECT_EQ(find(done.id).grant, done.grant);
  EXPECT_EQ(attached_, std::vector<Id>{*done.grant});
  EXPECT_EQ(stored(*done.grant).title, "ann");
  const auto token = wait(tokens_->token(*done.grant, 60s, {}));
  EXPECT_EQ(token.value, "one");
  EXPECT_EQ(token.user, "ann");
  const auto again = wait(sign_ins_->take_password(wanted(*done.grant), {"ann", "two"}));
  EXPECT_EQ(again.grant, done.grant);
  EXPECT_EQ(wait(tokens_->token(*done.grant, 60s, {})).value, "two");
  const auto other = wait(sign_ins_->take_password(wanted(*done.grant), {"bob", "three"}));
  EXPECT_EQ(other.state, "failed");
  EXPECT_EQ(wait(tokens_->token(*done.grant, 60s, {})).value, "two");
  EXPECT_TRUE(http_.seen.empty()) << "nobody is asked";
}

}  // namespace
}  // namespace patchbay::oauth
