#include "line_test.hpp"

namespace whatsapp {
namespace {

class Remote : public LineTest {
 protected:
  Remote() { configure(); }
  Result connect(bool take_over = false, Json state = nullptr) {
    return host.call("pb.remote/1:register",
                     {{"routes", {{"webhook", kOurs}}}, {"state", state}, {"take_over", take_over}});
  }
  Json status() {
    return host.call("pb.remote/1:status", {{"routes", {{"webhook", kOurs}}}, {"state", nullptr}}).json;
  }
  void goes_to(const Json& addresses) { api.answer("GET " + kPhone, answers(phone_node(addresses))); }
  void app_has(const std::string& callback, const Json& fields) {
    api.answer("GET " + kApp + "/subscriptions", answers(app_subscription(callback, fields)));
  }
  void account_is_subscribed(const std::string& app = kApp) {
    api.answer("GET " + kAccount + "/subscribed_apps",
               answers({{"data", {{{"whatsapp_business_api_data", {{"id", app}}}}}}}));
  }
};

TEST_F(Remote, subscribes_the_account_and_sets_the_address_of_app_and_number) {  // WA-1, WA-5
  const Result made = connect();
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.json["state"]["url"], kOurs);
  EXPECT_EQ(api.of("POST " + kAccount + "/subscribed_apps").size(), 1U);
  const Json app = api.of("POST " + kApp + "/subscriptions").at(0).arguments;
  EXPECT_EQ(app["object"], "whatsapp_business_account");
  EXPECT_EQ(app["callback_url"], kOurs);
  EXPECT_EQ(app["fields"], "messages");
  EXPECT_EQ(app["verify_token"], "{{secret:verify_token}}");
  EXPECT_EQ(api.of("POST " + kPhone).at(0).arguments["webhook_configuration"],
            Json({{"override_callback_uri", kOurs}, {"verify_token", "{{secret:verify_token}}"}}));
}

TEST_F(Remote, leaves_the_address_of_an_app_that_serves_another_program) {
  app_has(kElsewhere, {"messages"});
  goes_to({{"phone_number", kOurs}, {"application", kElsewhere}});
  ASSERT_TRUE(connect().ok());
  EXPECT_TRUE(api.of("POST " + kApp + "/subscriptions").empty());
  EXPECT_TRUE(api.of("POST " + kPhone).empty()) << "it is set already";
}

TEST_F(Remote, cannot_make_such_an_app_want_messages) {
  app_has(kElsewhere, {"account_update"});
  EXPECT_EQ(connect().json["text_id"], "whatsapp.field_off");
}

TEST_F(Remote, stops_before_an_address_of_somebody_else_and_takes_it_over_when_told) {  // CHAT-26
  for (const char* level : {"phone_number", "whatsapp_business_account", "application"}) {
    goes_to({{level, kElsewhere + "?token=secret"}});
    const Result refused = connect();
    EXPECT_EQ(refused.code, PB_CONFLICT);
    EXPECT_EQ(refused.json["foreign"], kElsewhere);
  }
  EXPECT_TRUE(api.of("POST " + kPhone).empty());
  goes_to({{"phone_number", kElsewhere}});
  EXPECT_TRUE(connect(true).ok());
  EXPECT_EQ(api.of("POST " + kPhone).size(), 1U);
}

TEST_F(Remote, knows_addresses_of_this_installation_and_former_ones) {
  goes_to({{"application", "https://acme.example/hooks/whatsapp-cloud/3/webhook"}});
  EXPECT_TRUE(connect().ok());
  goes_to({{"phone_number", "https://old.example/hooks/whatsapp-cloud/7/webhook"}});
  EXPECT_TRUE(connect(false, {{"url", "https://old.example/hooks/whatsapp-cloud/7/webhook"}}).ok());
}

TEST_F(Remote, takes_back_the_address_and_the_subscription_of_the_last_number) {
  ASSERT_TRUE(host.call("pb.remote/1:unregister", {{"state", nullptr}}).ok());
  EXPECT_EQ(api.of("POST " + kPhone).at(0).arguments["webhook_configuration"],
            Json({{"override_callback_uri", ""}}));
  EXPECT_EQ(api.of("DELETE " + kAccount + "/subscribed_apps").size(), 1U);
  api.answer("GET " + kAccount + "/phone_numbers", answers({{"data", {{{"id", kPhone}}, {{"id", "999"}}}}}));
  ASSERT_TRUE(host.call("pb.remote/1:unregister", {{"state", nullptr}}).ok());
  EXPECT_EQ(api.of("DELETE " + kAccount + "/subscribed_apps").size(), 1U) << "the other number needs it";
}

TEST_F(Remote, has_nothing_to_take_back_with_a_dead_token) {
  api.answer("POST " + kPhone, graph_error(190, 460));
  EXPECT_TRUE(host.call("pb.remote/1:unregister", {{"state", nullptr}}).ok());
  api.answer("POST " + kPhone, graph_error(2, 0, 500));
  EXPECT_EQ(host.call("pb.remote/1:unregister", {{"state", nullptr}}).code, PB_UNAVAILABLE);
}

TEST_F(Remote, finds_out_who_receives) {  // HOOK-7
  goes_to({{"phone_number", kOurs}});
  account_is_subscribed();
  app_has(kElsewhere, {"messages"});
  EXPECT_EQ(status()["status"], "ours");
  goes_to({{"phone_number", kElsewhere + "?x"}});
  EXPECT_EQ(status()["status"], "foreign");
  goes_to({{"phone_number", kElsewhere + "?x"}});
  EXPECT_EQ(status()["address"], kElsewhere);
  EXPECT_EQ(status()["status"], "none") << "no address";
  goes_to({{"phone_number", kOurs}});
  account_is_subscribed("another");
  app_has(kOurs, {"messages"});
  EXPECT_EQ(status()["status"], "none") << "the account is subscribed to another app";
  goes_to({{"phone_number", kOurs}});
  account_is_subscribed();
  EXPECT_EQ(status()["status"], "none") << "the app wants no messages";
}

TEST_F(Remote, finds_out_that_the_token_is_dead) {
  api.answer("GET app", graph_error(190, 460, 401));
  EXPECT_EQ(host.call("pb.remote/1:status", {{"routes", Json::object()}, {"state", nullptr}}).code,
            PB_UNAUTHENTICATED);
}

}  // namespace
}  // namespace whatsapp
