#include "number_test.hpp"

namespace twilio {
namespace {

constexpr const char* kSandbox = "+14155238886";

class Remote : public NumberTest {
 protected:
  Result connect(bool take_over = false, const Json& state = nullptr) {
    const Json routes = {{"message", kHook}, {"status", kStatusHook}};
    return host.call("pb.remote/1:register",
                     {{"routes", routes}, {"state", state}, {"take_over", take_over}});
  }
  Result disconnect() { return host.call("pb.remote/1:unregister", {{"state", {{"url", kHook}}}}); }
  Json status() {
    return host.call("pb.remote/1:status", {{"routes", {{"message", kHook}}}, {"state", {{"url", kHook}}}})
        .json;
  }
  std::vector<SeenCall> set() const { return api.of("POST /v2/Channels/Senders/XE1"); }
};

// WA-1
TEST_F(Remote, sets_the_webhook_of_the_sender) {
  configure();
  const Result result = connect();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["state"], Json({{"url", kHook}, {"by_hand", false}}));
  const Json webhook = set().at(0).json["webhook"];
  EXPECT_EQ(webhook["callback_url"], kHook);
  EXPECT_EQ(webhook["status_callback_url"], kStatusHook);
}

TEST_F(Remote, leaves_one_that_is_set_as_it_is_with_what_somebody_added_behind_it) {
  configure();
  api.webhook = std::string(kHook) + "#rc=3&rp=5xx";
  EXPECT_TRUE(connect().ok());
  EXPECT_TRUE(set().empty());
  EXPECT_EQ(status()["status"], "ours");
}

// CHAT-26
TEST_F(Remote, takes_a_foreign_webhook_only_with_consent) {
  configure();
  api.webhook = "https://elsewhere.example/in";
  const Result refused = connect();
  EXPECT_EQ(refused.code, PB_CONFLICT);
  EXPECT_EQ(refused.json["foreign"], "https://elsewhere.example/in");
  EXPECT_TRUE(set().empty());
  EXPECT_TRUE(connect(true).ok());
  EXPECT_EQ(set().size(), 1u);
}

TEST_F(Remote, takes_the_example_of_twilio_for_none) {
  configure();
  api.webhook = "https://demo.twilio.com/welcome/sms/reply";
  EXPECT_EQ(status()["status"], "none");
  EXPECT_TRUE(connect().ok());
}

TEST_F(Remote, moves_its_own_webhook_to_a_new_address) {
  configure();
  api.webhook = "https://old.example/hooks/whatsapp-twilio/7/message";
  EXPECT_TRUE(connect(false, {{"url", api.webhook}}).ok());
  EXPECT_EQ(set().size(), 1u);
}

TEST_F(Remote, leaves_the_sandbox_to_people) {
  configure(settings(kSandbox));
  EXPECT_EQ(connect().json["state"]["by_hand"], true);
  EXPECT_EQ(status()["status"], "unknown");
  EXPECT_TRUE(disconnect().ok());
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Remote, tells_a_webhook_that_somebody_took) {
  configure();
  api.webhook = "https://elsewhere.example/in";
  EXPECT_EQ(status()["status"], "foreign");
  EXPECT_EQ(status()["address"], "https://elsewhere.example/in");
}

TEST_F(Remote, clears_its_own_webhook_and_no_other) {
  configure();
  api.webhook = "https://elsewhere.example/in";
  EXPECT_TRUE(disconnect().ok());
  EXPECT_TRUE(set().empty());
  api.webhook = kHook;
  EXPECT_TRUE(disconnect().ok());
  EXPECT_EQ(set().at(0).json["webhook"]["callback_url"], "");
  api.answer("GET /v2/Channels/Senders", api_error(401, 20003));
  EXPECT_TRUE(disconnect().ok()) << "who has no access any more cannot tidy up";
}

}  // namespace
}  // namespace twilio
