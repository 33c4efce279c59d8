#include "bot_test.hpp"

namespace telegram {
namespace {

constexpr const char* kOurs = "https://acme.example/hooks/telegram/7/update";

class Remote : public BotTest {
 protected:
  Result connect(bool take_over = false, const Json& state = nullptr) {
    return host.call("pb.remote/1:register",
                     {{"routes", {{"update", kOurs}}}, {"state", state}, {"take_over", take_over}});
  }
  Result connect_polling(bool take_over = false, const Json& state = nullptr) {
    return host.call("pb.remote/1:register",
                     {{"routes", Json::object()}, {"state", state}, {"take_over", take_over}});
  }
  Result disconnect() { return host.call("pb.remote/1:unregister", {{"state", {{"url", kOurs}}}}); }
  Json status() {
    return host.call("pb.remote/1:status", {{"routes", {{"update", kOurs}}}, {"state", {{"url", kOurs}}}})
        .json;
  }
  void is_set_to(const std::string& url, Json more = Json::object()) {
    more["url"] = url;
    api.answer("getWebhookInfo", api_result(more));
  }
};

// TG-1
TEST_F(Remote, sets_the_webhook_with_its_own_secret) {
  configure();
  const Result result = connect();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["state"]["url"], kOurs);
  const Json arguments = api.of("setWebhook").at(0).arguments;
  EXPECT_EQ(arguments["url"], kOurs);
  EXPECT_EQ(arguments["secret_token"], "{{secret:webhook_secret}}");
  EXPECT_EQ(arguments["allowed_updates"][0], "message");
  EXPECT_FALSE(arguments.contains("drop_pending_updates"));
}

TEST_F(Remote, may_be_registered_again_and_again) {
  configure();
  is_set_to(kOurs);
  EXPECT_TRUE(connect().ok());
  EXPECT_EQ(api.of("setWebhook").size(), 1u);
}

TEST_F(Remote, replaces_an_address_of_its_own_from_before) {
  configure();
  is_set_to("https://old.example/hooks/telegram/7/update");
  EXPECT_TRUE(connect(false, {{"url", "https://old.example/hooks/telegram/7/update"}}).ok());
}

// CHAT-26
TEST_F(Remote, stops_at_a_foreign_webhook_and_names_it) {
  configure();
  is_set_to("https://other.example/bot");
  const Result result = connect();
  EXPECT_EQ(result.code, PB_CONFLICT);
  EXPECT_EQ(result.json["foreign"], "https://other.example/bot");
  EXPECT_TRUE(api.of("setWebhook").empty());
}

TEST_F(Remote, shows_no_secret_of_a_foreign_address) {
  configure();
  const std::string token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
  const std::string encoded = "123456789%3AAAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
  for (const std::string& url : {"https://other.example/bot" + token, "https://other.example/" + encoded,
                                 std::string("https://user:AAHdq@other.example/bot"),
                                 std::string("https://other.example/?key=AAHdq")}) {
    is_set_to(url);
    const Result result = connect();
    is_set_to(url);
    const std::string said = result.text + result.json.dump() + status().dump();
    EXPECT_EQ(said.find("AAHdq"), std::string::npos) << said;
    EXPECT_EQ(result.json["foreign"].get<std::string>().rfind("https://other.example/", 0), 0u);
  }
}

TEST_F(Remote, takes_over_when_told_to) {
  configure();
  is_set_to("https://other.example/bot");
  EXPECT_TRUE(connect(true).ok());
  EXPECT_EQ(api.of("setWebhook").size(), 1u);
}

// TG-3
TEST_F(Remote, removes_its_webhook_for_polling) {
  polling();
  is_set_to(kOurs);
  EXPECT_TRUE(connect_polling(false, {{"url", kOurs}}).ok());
  EXPECT_EQ(api.of("deleteWebhook").size(), 1u);
  EXPECT_TRUE(api.of("setWebhook").empty());
}

TEST_F(Remote, does_not_remove_a_foreign_webhook_for_polling) {
  polling();
  is_set_to("https://other.example/bot");
  EXPECT_EQ(connect_polling().code, PB_CONFLICT);
  EXPECT_TRUE(api.of("deleteWebhook").empty());
  is_set_to("https://other.example/bot");
  EXPECT_TRUE(connect_polling(true).ok());
  EXPECT_EQ(api.of("deleteWebhook").size(), 1u);
}

TEST_F(Remote, removes_its_webhook_when_disconnected) {
  configure();
  is_set_to(kOurs);
  EXPECT_TRUE(disconnect().ok());
  EXPECT_EQ(api.of("deleteWebhook").size(), 1u);
}

TEST_F(Remote, leaves_a_foreign_webhook_when_disconnected) {
  configure();
  is_set_to("https://other.example/bot");
  EXPECT_TRUE(disconnect().ok());
  EXPECT_TRUE(api.of("deleteWebhook").empty());
}

TEST_F(Remote, has_nothing_to_remove_after_the_token_was_revoked) {
  configure();
  api.answer("getWebhookInfo", api_error(401, "Unauthorized"));
  EXPECT_TRUE(disconnect().ok());
}

TEST_F(Remote, asks_to_repeat_when_two_set_the_webhook_at_once) {
  configure();
  api.answer("setWebhook", api_error(409, "Conflict: terminated by other setWebhook"));
  EXPECT_EQ(connect().code, PB_UNAVAILABLE);
  api.answer("setWebhook", api_error(429, "Too Many Requests: retry after 60", {{"retry_after", 60}}));
  const Result limited = connect();
  EXPECT_EQ(limited.code, PB_RATE_LIMITED);
  EXPECT_EQ(limited.retry_after_ms, 60'000u);
}

// Telegram takes one address a second, and activating twice is harmless.
TEST_F(Remote, waits_a_moment_when_telegram_asks_for_one) {
  configure();
  api.answer("setWebhook", api_error(429, "Too Many Requests: retry after 1", {{"retry_after", 1}}));
  const std::uint64_t id = host.deliver("pb.remote/1:register", {{"routes", {{"update", kOurs}}}});
  host.run();
  EXPECT_FALSE(host.answer(id));
  host.advance(1'000);
  ASSERT_TRUE(host.answer(id));
  EXPECT_TRUE(host.answer(id)->ok());
  EXPECT_EQ(api.of("setWebhook").size(), 2u);
}

TEST_F(Remote, says_why_telegram_refuses_the_address) {
  configure();
  api.answer("setWebhook", api_error(400, "Bad Request: bad webhook: IP address 10.0.0.1 is reserved"));
  const Result result = connect();
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_NE(result.text.find("is reserved"), std::string::npos);
}

// HOOK-7
TEST_F(Remote, knows_whose_the_webhook_is) {
  configure();
  is_set_to(kOurs);
  EXPECT_EQ(status(), Json({{"status", "ours"}, {"address", kOurs}}));
  is_set_to("https://other.example/bot");
  EXPECT_EQ(status(), Json({{"status", "foreign"}, {"address", "https://other.example/bot"}}));
  is_set_to("");
  EXPECT_EQ(status()["status"], "none");
  api.answer("getWebhookInfo", api_error(404, "Not Found: method not found"));
  EXPECT_EQ(status()["status"], "unknown");
}

TEST_F(Remote, asks_to_be_registered_anew_when_the_own_address_has_changed) {
  configure();
  is_set_to("https://acme.example/hooks/telegram/7/before");
  EXPECT_EQ(status()["status"], "none");
}

TEST_F(Remote, tells_why_updates_are_not_delivered_while_that_is_fresh) {
  configure();
  const std::int64_t now = host.now_unix_ms() / 1000;
  const std::string words = "Wrong response from the webhook: 500";
  is_set_to(kOurs, {{"last_error_date", now - 60}, {"last_error_message", words}});
  EXPECT_NE(status().value("problem", "").find(words), std::string::npos);
  is_set_to(kOurs, {{"last_error_date", now - 7200}, {"last_error_message", words}});
  EXPECT_FALSE(status().contains("problem"));
}

TEST_F(Remote, is_in_order_without_a_webhook_when_polling) {
  polling();
  EXPECT_EQ(status()["status"], "ours");
  is_set_to("https://other.example/bot");
  EXPECT_EQ(status()["status"], "foreign");
}

}  // namespace
}  // namespace telegram
