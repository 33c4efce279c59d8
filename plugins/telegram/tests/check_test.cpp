#include "bot_test.hpp"

namespace telegram {
namespace {

class Check : public BotTest {
 protected:
  // The only finding of a check that answered.
  Json finding_of(const Result& result) {
    EXPECT_TRUE(result.ok()) << result.text;
    EXPECT_EQ(result.json["diagnostics"].size(), 1u) << result.json;
    return result.json["diagnostics"].empty() ? Json::object() : result.json["diagnostics"][0];
  }
};

// TG-1
TEST_F(Check, says_who_the_bot_is) {
  configure();
  const Result result = check();
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["identity"], "bot:123456789");
  EXPECT_EQ(result.json["title"], "Support");
  EXPECT_EQ(result.json["facts"]["username"], "acme_bot");
  EXPECT_TRUE(result.json["diagnostics"].empty());
}

TEST_F(Check, points_at_a_wrong_token) {
  configure();
  api.answer("getMe", api_error(401, "Unauthorized"));
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["path"], "/token");
  EXPECT_EQ(finding["severity"], "error");
  EXPECT_NE(finding["remedy"].get<std::string>().find("@BotFather"), std::string::npos);
}

TEST_F(Check, points_at_the_address_when_another_kind_of_server_answers) {
  configure({{"api_base", "https://www.example.org"}});
  api.answer("getMe", http_answer(200, "<html>"));
  EXPECT_EQ(finding_of(check())["path"], "/api_base");
}

TEST_F(Check, points_at_an_address_that_may_not_be_called) {
  configure({{"api_base", "http://127.0.0.1:19000"}});
  api.answer("getMe", Result(PB_DENIED, "127.0.0.1 is private"));
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["path"], "/api_base");
  EXPECT_NE(finding["remedy"].get<std::string>().find("egress.allow"), std::string::npos);
}

TEST_F(Check, fails_when_the_server_cannot_be_reached) {
  configure();
  api.answer("getMe", Result(PB_UNAVAILABLE, "Connection refused"));
  const Result result = check();
  EXPECT_EQ(result.code, PB_UNAVAILABLE);
  EXPECT_EQ(result.json["diagnostics"][0]["path"], "/api_base");
}

// TG-1: anything not https is refused, with the reason
TEST_F(Check, wants_a_public_https_address_for_webhooks) {
  configure({{"mode", "webhook"}}, "http://acme.example");
  EXPECT_EQ(finding_of(check())["path"], "/mode");
  configure({{"mode", "webhook"}}, "");
  EXPECT_EQ(finding_of(check())["text_id"], "telegram.site_url_missing");
}

TEST_F(Check, knows_the_ports_that_telegram_calls) {
  configure(Json::object(), "https://acme.example:8420");
  EXPECT_EQ(finding_of(check())["text_id"], "telegram.port");
  configure(Json::object(), "https://acme.example:8443");
  EXPECT_TRUE(check().json["diagnostics"].empty());
  configure({{"api_base", "https://bots.acme.example"}}, "https://acme.example:8420");
  EXPECT_TRUE(check().json["diagnostics"].empty());  // a server of one's own calls any port
}

// TG-3
TEST_F(Check, needs_no_public_address_for_polling) {
  polling();
  EXPECT_TRUE(check().json["diagnostics"].empty());
}

// CHAT-26
TEST_F(Check, warns_of_a_foreign_webhook) {
  configure();
  api.answer("getWebhookInfo", api_result({{"url", "https://other.example/bot"}}));
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["severity"], "warning");
  EXPECT_NE(finding["summary"].get<std::string>().find("https://other.example/bot"), std::string::npos);
}

TEST_F(Check, warns_while_deliveries_fail) {
  configure();
  const std::string ours = "https://acme.example/hooks/telegram/7/update";
  const auto failed = [&](std::int64_t seconds_ago) {
    api.answer("getWebhookInfo", api_result({{"url", ours},
                                             {"last_error_date", host.now_unix_ms() / 1000 - seconds_ago},
                                             {"last_error_message", "SSL error"}}));
  };
  failed(60);
  const Json finding = finding_of(check());
  EXPECT_EQ(finding["severity"], "warning");
  EXPECT_NE(finding["summary"].get<std::string>().find("SSL error"), std::string::npos);
  failed(7200);
  EXPECT_TRUE(check().json["diagnostics"].empty());
}

TEST_F(Check, shows_no_token_of_a_foreign_webhook) {
  configure();
  const std::string url = "https://other.example/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
  api.answer("getWebhookInfo", api_result({{"url", url}}));
  const std::string said = finding_of(check()).dump();
  EXPECT_NE(said.find("https://other.example/bot<token>"), std::string::npos) << said;
  EXPECT_EQ(said.find("AAHdq"), std::string::npos);
}

TEST_F(Check, lives_with_servers_that_know_no_webhook_info) {
  configure();
  api.answer("getWebhookInfo",
             http_answer(500, R"({"message": "API method 'getWebhookInfo' is not supported"})"));
  EXPECT_TRUE(check().json["diagnostics"].empty());
  api.answer("getWebhookInfo", api_error(404, "Not Found: method not found"));
  EXPECT_TRUE(check().json["diagnostics"].empty());
}

TEST_F(Check, asks_the_configured_server) {
  configure({{"api_base", "http://127.0.0.1:9000//"}});
  check();
  EXPECT_EQ(api.calls.at(0).request["url"], "http://127.0.0.1:9000/bot{{secret:token}}/getMe");
}

TEST_F(Check, refuses_an_address_that_is_none) {
  for (const char* base : {"ftp://x", "api.telegram.org", "https://x/{{secret:token}}", "https://x?y"}) {
    const Result result = configure({{"api_base", base}});
    EXPECT_EQ(result.code, PB_INVALID) << base;
    EXPECT_EQ(result.json["diagnostics"][0]["path"], "/api_base");
  }
}

class Process : public BotTest {};

TEST_F(Process, gives_the_events_of_the_translation) {
  configure();
  const Json update = load_json(std::string(CASES_FOLDER) + "/album_1.json");
  const Json request = {{"id", "1"}, {"route", "update"}, {"received_at", case_received_at()}};
  const Result result = host.call("pb.webhook/1:process", request, {update["update"].dump()});
  EXPECT_EQ(result.json["events"], update["events"]);
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Process, refuses_what_is_no_update) {
  configure();
  const Json request = {{"id", "1"}, {"route", "update"}};
  for (const char* body : {"", "{", "[]", "null", "\xff"}) {
    EXPECT_EQ(host.call("pb.webhook/1:process", request, {body}).code, PB_INVALID) << body;
  }
}

}  // namespace
}  // namespace telegram
