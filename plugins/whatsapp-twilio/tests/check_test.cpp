#include "number_test.hpp"

namespace twilio {
namespace {

constexpr const char* kSandbox = "+14155238886";

class Check : public NumberTest {
 protected:
  Json finding(const Result& result) const { return result.json.at("diagnostics").at(0); }
};

// WA-1
TEST_F(Check, names_the_sender_and_sends_nothing) {
  configure();
  const Result result = check();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["identity"], std::string("whatsapp:") + kNumber);
  EXPECT_EQ(result.json["title"], "Acme Support");
  EXPECT_EQ(result.json["facts"]["sandbox"], false);
  EXPECT_TRUE(result.json["diagnostics"].empty());
  EXPECT_TRUE(api.of("POST /Messages.json").empty());
}

TEST_F(Check, gives_the_account_only_to_twilio_by_placeholder) {
  configure();
  check();
  EXPECT_EQ(api.calls.at(0).request["auth"], "basic:" + kSid + ":{{secret:auth_token}}");
  EXPECT_EQ(api.calls.at(0).request["url"], "https://api.twilio.com/2010-04-01/Accounts/" + kSid + ".json");
  EXPECT_EQ(api.calls.at(1).request["url"],
            "https://messaging.twilio.com/v2/Channels/Senders?Channel=whatsapp&PageSize=100");
}

TEST_F(Check, says_of_each_wrong_setting_which_it_is) {
  configure();
  api.answer("GET .json", api_error(401, 20003));
  EXPECT_EQ(finding(check())["path"], "/auth_token");
  api.answer("GET .json", api_error(404, 20404));
  EXPECT_EQ(finding(check())["path"], "/account_sid");
  api.answer("GET .json", json_answer({{"sid", kSid}, {"status", "suspended"}}));
  EXPECT_EQ(finding(check())["text_id"], "twilio.account_state");
  api.answer("GET .json", Result(PB_DENIED, "no"));
  EXPECT_EQ(finding(check())["path"], "/api_base");
  api.answer("GET .json", http_answer(503, ""));
  EXPECT_EQ(check().code, PB_UNAVAILABLE);
}

TEST_F(Check, finds_a_number_that_is_no_sender_or_not_online) {
  configure(settings("+15550001111"));
  EXPECT_EQ(finding(check())["text_id"], "twilio.not_a_sender");
  configure();
  const Json offline = {
      {"sid", "XE1"}, {"sender_id", std::string("whatsapp:") + kNumber}, {"status", "OFFLINE"}};
  api.answer("GET /v2/Channels/Senders", json_answer({{"senders", {offline}}}));
  EXPECT_EQ(finding(check())["args"]["state"], "OFFLINE");
}

TEST_F(Check, looks_for_the_sender_on_every_page) {
  configure();
  const Json first = {
      {"senders", Json::array()},
      {"meta", {{"next_page_url", "https://messaging.twilio.com/v2/Channels/Senders?Page=1"}}}};
  api.answer("GET /v2/Channels/Senders", json_answer(first));
  EXPECT_EQ(check().json["title"], "Acme Support");
  const Json astray = {{"senders", Json::array()}, {"meta", {{"next_page_url", "https://evil.example/v2"}}}};
  api.answer("GET /v2/Channels/Senders", json_answer(astray));
  EXPECT_EQ(finding(check())["text_id"], "twilio.not_a_sender");
}

// The sandbox is everybody's, so the account tells whose it is (CHAT-26).
TEST_F(Check, shows_the_address_to_paste_for_the_sandbox) {
  configure(settings(kSandbox));
  const Result result = check();
  EXPECT_EQ(result.json["identity"], "sandbox:" + kSid);
  EXPECT_EQ(finding(result)["severity"], "warning");
  EXPECT_EQ(finding(result)["args"]["address"], kHook);
  EXPECT_TRUE(api.of("GET /v2/Channels/Senders").empty());
}

TEST_F(Check, does_without_the_api_of_senders) {
  configure();
  api.answer("GET /v2/Channels/Senders", api_error(404, 20404));
  const Result result = check();
  EXPECT_EQ(result.json["identity"], std::string("whatsapp:") + kNumber);
  EXPECT_EQ(finding(result)["text_id"], "twilio.webhook_by_hand");
}

TEST_F(Check, warns_of_a_foreign_webhook_without_showing_its_secrets) {
  configure();
  api.webhook = "https://me:pw@elsewhere.example/in?key=1";
  const Json found = finding(check());
  EXPECT_EQ(found["severity"], "warning");
  EXPECT_EQ(found["args"]["address"], "https://elsewhere.example/in?…");
}

TEST_F(Check, needs_a_public_address) {
  configure(settings(), "");
  EXPECT_EQ(finding(check())["text_id"], "twilio.site_url_missing");
}

TEST_F(Check, goes_to_an_address_of_ones_own) {
  Json own = settings();
  own["api_base"] = "https://proxy.example/twilio/";
  configure(own);
  check();
  EXPECT_EQ(api.calls.at(0).request["url"],
            "https://proxy.example/twilio/2010-04-01/Accounts/" + kSid + ".json");
  own["api_base"] = "https://proxy.example/{{secret:auth_token}}";
  const Result refused = configure(own);
  EXPECT_EQ(refused.code, PB_INVALID);
  EXPECT_EQ(refused.json["diagnostics"][0]["path"], "/api_base");
}

}  // namespace
}  // namespace twilio
