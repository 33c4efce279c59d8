#include "number_test.hpp"

namespace twilio {
namespace {

constexpr const char* kSandbox = "+14155238886";
constexpr const char* kArrived = "GET /Messages/SM901.json";

class Steps : public NumberTest {
 protected:
  Steps() { configure(Json::object()); }
  Json input(const std::string& number = kNumber) const {
    return {{"phone_number", number}, {"verification_number", "+4915112345678"}, {"account_sid", kSid}};
  }
  Result step(const std::string& id, const Json& input, const Json& state = nullptr) {
    const Json request = {{"step", id}, {"input", input}, {"settings", Json::object()}, {"state", state}};
    const std::uint64_t call = host.deliver("pb.setup/1:step", request);
    host.run();
    host.advance(20'000);
    return host.answer(call).value();
  }
  void becomes(const std::string& status, const Json& code = nullptr) {
    api.answer(kArrived, json_answer({{"sid", "SM901"}, {"status", status}, {"error_code", code}}));
  }
};

// WA-1
TEST_F(Steps, ask_for_number_and_account_first) {
  const Json next = step("", Json::object()).json["next"];
  EXPECT_EQ(next["id"], "account");
  EXPECT_EQ(next["schema"]["properties"]["auth_token"]["x-secret"], true);
  EXPECT_EQ(next["schema"]["required"].size(), 4u);
}

TEST_F(Steps, make_the_integration_when_the_message_has_arrived) {
  becomes("queued");
  becomes("sent");
  becomes("delivered");
  const Json done = step("account", input()).json["done"][0];
  EXPECT_EQ(done["name"], "Acme Support");
  EXPECT_EQ(done["identity"], std::string("whatsapp:") + kNumber);
  EXPECT_EQ(done["settings"], input());
  EXPECT_EQ(api.of("POST /Messages.json").at(0).form.text("To"), "whatsapp:+4915112345678");
}

TEST_F(Steps, say_why_the_message_does_not_arrive) {
  becomes("failed", 63016);
  const Result refused = step("account", input());
  EXPECT_EQ(refused.code, PB_INVALID);
  EXPECT_EQ(refused.json["diagnostics"][0]["path"], "/verification_number");
  EXPECT_EQ(refused.json["text_id"], "twilio.code.63016");
  api.answer("POST /Messages.json", api_error(400, 63007));
  EXPECT_EQ(step("account", input()).json["diagnostics"][0]["path"], "/phone_number");
}

TEST_F(Steps, send_nothing_while_the_account_is_wrong) {
  api.answer("GET .json", api_error(401, 20003));
  EXPECT_EQ(step("account", input()).json["diagnostics"][0]["path"], "/auth_token");
  EXPECT_EQ(step("account", input("+15550001111")).json["diagnostics"][0]["path"], "/phone_number");
  EXPECT_TRUE(api.of("POST /Messages.json").empty());
}

TEST_F(Steps, wait_for_a_message_that_takes_long_and_go_back_when_told) {
  for (int i = 0; i < 15; ++i) becomes("sent");
  const Json waiting = step("account", input()).json;
  EXPECT_EQ(waiting["next"]["id"], "arrival");
  becomes("read");
  EXPECT_EQ(step("arrival", {{"then", "wait"}}, waiting["state"]).json["done"][0]["settings"], input());
  EXPECT_EQ(step("arrival", {{"then", "change"}}, waiting["state"]).json["next"]["id"], "account");
  EXPECT_EQ(api.of("POST /Messages.json").size(), 1u);
}

TEST_F(Steps, name_a_stranger_of_the_sandbox_as_the_cause) {
  becomes("failed", 63015);
  const Json found = step("account", input(kSandbox)).json["diagnostics"][0];
  EXPECT_EQ(found["path"], "/verification_number");
  EXPECT_EQ(found["text_id"], "twilio.code.63015");
}

TEST_F(Steps, show_the_addresses_to_paste_for_the_sandbox) {
  becomes("delivered");
  const Json shown = step("account", input(kSandbox)).json;
  EXPECT_EQ(shown["next"]["id"], "webhook");
  EXPECT_EQ(shown["next"]["schema"]["properties"]["message_address"]["default"], kHook);
  EXPECT_EQ(shown["next"]["schema"]["properties"]["status_address"]["default"], kStatusHook);
  const Json done = step("webhook", Json::object(), shown["state"]).json["done"][0];
  EXPECT_EQ(done["identity"], "sandbox:" + kSid);
}

}  // namespace
}  // namespace twilio
