#include "page_test.hpp"

#include "translate.hpp"

namespace messenger {
namespace {

const std::string kSubscriptions = "GET " + std::string(kApp) + "/subscriptions";
const std::string kApps = "GET " + std::string(kPage) + "/subscribed_apps";

class Remote : public PageTest {
 protected:
  Remote() { configure(); }
  Json request(const Json& state = nullptr) { return {{"routes", {{"webhook", kOurs}}}, {"state", state}}; }
  Result connect(bool take_over = false, const Json& state = nullptr) {
    Json body = request(state);
    body["take_over"] = take_over;
    return host.call("pb.remote/1:register", body);
  }
  Json status() { return host.call("pb.remote/1:status", request()).json; }
  void callback_is(const std::string& url, Json fields = subscribed_fields()) {
    Json objects = Json::array();
    for (const Json& field : fields) objects.push_back({{"name", field}, {"version", "v26.0"}});
    const Json one = {{"object", "page"}, {"callback_url", url}, {"active", true}, {"fields", objects}};
    api.answer(kSubscriptions, answers({{"data", {{{"object", "user"}, {"callback_url", "x"}}, one}}}));
  }
  void page_is_subscribed(Json fields = subscribed_fields()) {
    const Json app = {{"id", kApp}, {"name", "App"}, {"subscribed_fields", fields}};
    api.answer(kApps, answers({{"data", Json::array({app})}}));
  }
  std::vector<SeenCall> callbacks() { return api.of("POST " + std::string(kApp) + "/subscriptions"); }
  std::vector<SeenCall> subscribed() { return api.of("POST " + std::string(kPage) + "/subscribed_apps"); }
};

// FB-2, HOOK-7
TEST_F(Remote, registers_the_address_of_the_app_and_subscribes_the_page) {
  const Result result = connect();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["state"]["url"], kOurs);
  const Json form = callbacks().at(0).arguments;
  EXPECT_EQ(form["object"], "page");
  EXPECT_EQ(form["callback_url"], kOurs);
  EXPECT_EQ(form["verify_token"], "{{profile:verify_token}}");
  const std::string fields = subscribed().at(0).request["query"]["subscribed_fields"];
  EXPECT_NE(fields.find("messages,"), std::string::npos);
  EXPECT_NE(fields.find("standby"), std::string::npos);
}

TEST_F(Remote, speaks_for_the_app_with_its_own_secret) {
  connect();
  EXPECT_EQ(callbacks().at(0).request["auth"], "bearer:" + std::string(kApp) + "|{{profile:app_secret}}");
}

TEST_F(Remote, leaves_an_address_that_is_ours_already) {
  callback_is(kOurs);
  EXPECT_TRUE(connect().ok());
  EXPECT_TRUE(callbacks().empty());
  EXPECT_EQ(subscribed().size(), 1u);
}

TEST_F(Remote, asks_for_fields_that_are_missing) {
  callback_is(kOurs, Json::array({"messages"}));
  EXPECT_TRUE(connect().ok());
  EXPECT_EQ(callbacks().size(), 1u);
}

// CHAT-26
TEST_F(Remote, stops_at_a_foreign_address_and_names_it) {
  callback_is("https://other.example/fb?key=" + std::string(50, 'k'));
  const Result result = connect();
  EXPECT_EQ(result.code, PB_CONFLICT);
  EXPECT_EQ(result.json["foreign"], "https://other.example/fb");
  EXPECT_TRUE(callbacks().empty());
  EXPECT_TRUE(subscribed().empty());
}

TEST_F(Remote, takes_over_when_told_to_and_follows_a_change_of_its_own_address) {
  callback_is("https://other.example/fb");
  EXPECT_TRUE(connect(true).ok());
  callback_is("https://before.example/hooks/x");
  EXPECT_TRUE(connect(false, {{"url", "https://before.example/hooks/x"}}).ok());
  EXPECT_EQ(callbacks().size(), 2u);
}

TEST_F(Remote, says_why_meta_refuses_the_address) {
  api.answer("POST " + std::string(kApp) + "/subscriptions", graph_error(2200));
  const Result result = connect();
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_EQ(result.json["text_id"], "messenger.callback_refused");
}

TEST_F(Remote, needs_an_address) {
  configure(Json::object(), "");
  const Result result = host.call("pb.remote/1:register", {{"routes", Json::object()}, {"state", nullptr}});
  EXPECT_EQ(result.json["text_id"], "messenger.site_url_missing");
}

TEST_F(Remote, unsubscribes_the_page_and_leaves_the_address_to_the_others) {
  EXPECT_TRUE(host.call("pb.remote/1:unregister", request()).ok());
  EXPECT_EQ(api.of("DELETE " + std::string(kPage) + "/subscribed_apps").size(), 1u);
  EXPECT_EQ(api.calls.size(), 1u);
}

TEST_F(Remote, has_nothing_to_unsubscribe_after_the_token_has_died) {
  api.answer("DELETE " + std::string(kPage) + "/subscribed_apps", graph_error(190));
  api.answer("GET oauth/access_token", graph_error(190));
  EXPECT_TRUE(host.call("pb.remote/1:unregister", request()).ok());
}

TEST_F(Remote, knows_whether_messages_arrive) {
  callback_is(kOurs);
  page_is_subscribed();
  EXPECT_EQ(status(), Json({{"status", "ours"}, {"address", kOurs}}));
  callback_is(kOurs);
  page_is_subscribed(Json::array({"messages"}));
  EXPECT_EQ(status()["status"], "none");
  callback_is(kOurs);
  EXPECT_EQ(status()["status"], "none") << "no page is subscribed";
  page_is_subscribed();
  EXPECT_EQ(status()["status"], "none") << "no address is set";
  page_is_subscribed();
  callback_is("https://other.example/fb?x=1");
  EXPECT_EQ(status(), Json({{"status", "foreign"}, {"address", "https://other.example/fb"}}));
}

}  // namespace
}  // namespace messenger
