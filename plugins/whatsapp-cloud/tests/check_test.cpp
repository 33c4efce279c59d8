#include "line_test.hpp"

namespace whatsapp {
namespace {

class Check : public LineTest {
 protected:
  Check() { configure(); }
  // The only finding of a check: "severity /path text_id".
  std::string found() {
    const Result result = check();
    EXPECT_TRUE(result.ok()) << result.text;
    const Json& all = result.json["diagnostics"];
    EXPECT_EQ(all.size(), 1U) << all;
    if (all.empty()) return "";
    EXPECT_FALSE(text_of(all[0], "remedy").empty()) << all[0];
    return text_of(all[0], "severity") + " " + text_of(all[0], "path") + " " + text_of(all[0], "text_id");
  }
  Json token(Json more) {
    Json out = {{"is_valid", true},
                {"expires_at", 0},
                {"scopes", {"whatsapp_business_messaging", "whatsapp_business_management"}}};
    out.update(more);
    return {{"data", out}};
  }
};

TEST_F(Check, tells_who_the_number_is) {
  const Result result = check();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["identity"], "number:" + kPhone);
  EXPECT_EQ(result.json["title"], "Acme");
  EXPECT_TRUE(result.json["diagnostics"].empty()) << result.json["diagnostics"];
  EXPECT_EQ(result.json["facts"]["webhook"], kOurs);
  EXPECT_EQ(result.json["facts"]["quality"], "GREEN");
  EXPECT_TRUE(sent().empty());
}

TEST_F(Check, calls_a_number_without_a_verified_name_by_itself) {
  Json node = phone_node();
  node.erase("verified_name");
  api.answer("GET " + kPhone, answers(node));
  EXPECT_EQ(check().json["title"], "+1 555-078-3881");
}

TEST_F(Check, names_the_field_that_is_wrong) {  // WA-5
  api.answer("GET app", graph_error(190, 0, 401));
  EXPECT_EQ(found(), "error /access_token whatsapp.token_wrong");
  api.answer(
      "GET app",
      graph_error(100, 0, 400, {{"message", "(#100) Invalid appsecret_proof provided in the API argument"}}));
  EXPECT_EQ(found(), "error /app_secret whatsapp.secret_wrong");
  api.answer("GET debug_token", graph_error(190, 0, 400));
  EXPECT_EQ(found(), "error /app_secret whatsapp.secret_wrong");
  api.answer("GET debug_token", answers(token({{"is_valid", false}})));
  EXPECT_EQ(found(), "error /access_token whatsapp.token_wrong");
  api.answer("GET debug_token", answers(token({{"scopes", {"whatsapp_business_messaging"}}})));
  EXPECT_EQ(found(), "error /access_token whatsapp.without_permission");
  api.answer("GET " + kPhone, graph_error(100, 33));
  EXPECT_EQ(found(), "error /phone_number_id whatsapp.no_number");
  api.answer("GET " + kPhone, answers({{"id", kPhone}}));  // it is something else
  EXPECT_EQ(found(), "error /phone_number_id whatsapp.no_number");
  api.answer("GET " + kAccount + "/phone_numbers", graph_error(100, 33));
  EXPECT_EQ(found(), "error /account_id whatsapp.no_account");
  api.answer("GET " + kAccount + "/phone_numbers", answers({{"data", {{{"id", "999"}}}}}));
  EXPECT_EQ(found(), "error /account_id whatsapp.not_of_account");
}

TEST_F(Check, warns_of_what_will_go_wrong) {
  api.answer("GET debug_token", answers(token({{"expires_at", 1795224000}})));
  EXPECT_EQ(found(), "warning /access_token whatsapp.token_ends");
  Json node = phone_node();
  node["quality_rating"] = "RED";
  api.answer("GET " + kPhone, answers(node));
  EXPECT_EQ(found(), "warning /phone_number_id whatsapp.quality_red");
  node["status"] = "PENDING";
  api.answer("GET " + kPhone, answers(node));
  EXPECT_EQ(found(), "warning /phone_number_id whatsapp.not_registered");
  node["status"] = "BANNED";
  api.answer("GET " + kPhone, answers(node));
  EXPECT_EQ(found(), "warning /phone_number_id whatsapp.number_state");
  api.answer("GET " + kPhone, answers(phone_node({{"application", kElsewhere + "?token=x"}})));
  EXPECT_EQ(found(), "warning /phone_number_id whatsapp.foreign_callback");
  api.answer("GET " + kApp + "/subscriptions", answers(app_subscription(kElsewhere, {"account_update"})));
  EXPECT_EQ(found(), "warning  whatsapp.field_off");
}

TEST_F(Check, leaves_faults_of_the_other_side_as_such) {
  api.answer("GET app", graph_error(2, 0, 503));
  const Result away = check();
  EXPECT_EQ(away.code, PB_UNAVAILABLE);
  EXPECT_EQ(away.json["diagnostics"][0]["path"], "/graph_base");
  api.answer("GET app", Result(PB_DENIED, "127.0.0.1 is not allowed"));
  EXPECT_EQ(found(), "error /graph_base whatsapp.not_allowed");
}

TEST_F(Check, needs_a_public_https_address) {  // CHAT-25
  configure("");
  EXPECT_EQ(found().substr(0, 7), "error  ");
  configure("http://plain.example");
  EXPECT_EQ(found(), "error  whatsapp.site_url_not_https");
}

// HOST-8: from what was seen last, without a question.
TEST_F(Check, says_by_health_what_the_last_look_has_shown) {
  Json node = phone_node();
  node["quality_rating"] = "RED";
  api.answer("GET " + kPhone, answers(node));
  host.call("pb.remote/1:status", {{"routes", Json::object()}, {"state", nullptr}});
  const std::size_t asked = api.calls.size();
  const Result unwell = host.call("pb.lifecycle/1:health", Json::object());
  EXPECT_EQ(unwell.json["status"], "degraded");
  EXPECT_EQ(unwell.json["text_id"], "whatsapp.quality_red");
  EXPECT_EQ(api.calls.size(), asked);
  host.call("pb.remote/1:status", {{"routes", Json::object()}, {"state", nullptr}});
  EXPECT_EQ(host.call("pb.lifecycle/1:health", Json::object()).json["status"], "ok");
}

}  // namespace
}  // namespace whatsapp
