#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

class Echo : public ::testing::Test {
 protected:
  Result process(const std::string& body) {
    return host.call("pb.webhook/1:process", Json{{"id", "1"}, {"route", "in"}, {"method", "POST"}}, {body});
  }
  static Json message() {
    return {
        {"message_id", "9"}, {"idempotency_key", "k-1"}, {"conversation", {{"id", "c1"}}}, {"text", "Hello"}};
  }

  FakeHost host{patchbay_plugin_v0()};
};

TEST_F(Echo, TurnsAWebhookIntoAMessage) {
  host.start(Json{{"account", "shop"}});
  const Result result = process(R"({"id": "m1", "chat": "c1", "author": "Ann", "text": "Hi"})");
  ASSERT_TRUE(result.ok()) << result.text;
  const Json& event = result.json["events"][0];
  EXPECT_EQ(event["type"], "message.received");
  EXPECT_EQ(event["dedupe_key"], "m1");
  EXPECT_EQ(event["order_key"], "c1");
  EXPECT_EQ(event["data"]["message"]["text"], "Hi");
  EXPECT_EQ(event["data"]["at"], "2026-01-01T00:00:00.000Z");
}

TEST_F(Echo, RefusesABodyThatItCannotRead) {
  host.start(Json{{"account", "shop"}});
  EXPECT_EQ(process("<html>").code, PB_INVALID);
  EXPECT_EQ(process("[]").code, PB_INVALID);
  const Result missing = process(R"({"id": "m1", "chat": 5})");
  EXPECT_EQ(missing.code, PB_INVALID);
  EXPECT_EQ(missing.json["args"]["field"], "chat");
}

TEST_F(Echo, IsNamedByItsAccount) {
  host.start(Json{{"account", "shop"}});
  EXPECT_EQ(host.call("pb.lifecycle/1:check", Json::object()).json["identity"], "echo:shop");
}

const Json kRun = {{"job", "history"}, {"checkpoint", nullptr}, {"lease", 1}, {"budget_ms", 60000}};

TEST_F(Echo, FetchesItsHistoryPageByPage) {  // JOB-2
  host.start(Json{{"account", "shop"}, {"api_base", "https://echo.example"}});
  host.services.answer_json(
      200, Json::parse(R"({"messages": [{"id": "1"}, {"id": "2"}], "next": "2", "last": false})"));
  host.services.answer_json(200, Json::parse(R"({"messages": [{"id": "3"}], "next": "3", "last": true})"));
  const Result result = host.call("pb.sync/1:run", kRun);
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["more"], false);
  EXPECT_EQ(host.services.injected.size(), 3u);
  EXPECT_EQ(host.services.checkpoint["after"], "3");
  EXPECT_EQ(host.requests[2].json["query"]["after"], "2");
}

TEST_F(Echo, EndsARunWhenTheHostAsksForIt) {  // JOB-3
  host.start(Json{{"account", "shop"}, {"api_base", "https://echo.example"}});
  host.services.answer_json(200, Json::parse(R"({"messages": [{"id": "1"}], "next": "1", "last": false})"));
  host.services.pages_left = 1;
  const Result result = host.call("pb.sync/1:run", kRun);
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["more"], true);
  EXPECT_EQ(host.services.checkpoint["after"], "1");
}

TEST_F(Echo, LetsGoWhenAnotherRunHasTakenOver) {  // JOB-5
  host.start(Json{{"account", "shop"}, {"api_base", "https://echo.example"}});
  host.services.answer_json(200, Json::parse(R"({"messages": [{"id": "1"}], "next": "1", "last": true})"));
  host.services.lease = 2;
  EXPECT_EQ(host.call("pb.sync/1:run", kRun).code, PB_CONFLICT);
  EXPECT_TRUE(host.services.injected.empty());
}

TEST_F(Echo, AcknowledgesMessagesWithoutAnAddress) {
  host.start(Json{{"account", "shop"}});
  const Result result = host.call(kSend, message());
  EXPECT_EQ(result.json["provider_ids"], (Json{"echo-k-1"}));
  EXPECT_TRUE(host.requests.empty());
}

// [test]
TEST_F(Echo, PostsMessagesToTheAddress) {
  host.start(Json{{"account", "shop"}, {"api_base", "https://echo.example"}});
  host.services.answer_json(200, Json::object());
  EXPECT_TRUE(host.call(kSend, message()).ok());
  EXPECT_EQ(host.requests[0].json["url"], "https://echo.example/messages");
  EXPECT_EQ(Json::parse(host.requests[0].blobs[0])["text"], "Hello");
}
// [/test]

TEST_F(Echo, SaysWhatARefusalMeans) {
  host.start(Json{{"account", "shop"}, {"api_base", "https://echo.example"}});
  host.services.answer_http(429, "", {{"retry-after", "3"}});
  const Result limited = host.call(kSend, message());
  EXPECT_EQ(limited.code, PB_RATE_LIMITED);
  EXPECT_EQ(limited.retry_after_ms, 3000u);
  host.services.answer_http(500, "");
  EXPECT_EQ(host.call(kSend, message()).code, PB_OUTCOME_UNKNOWN);
  host.services.answer_http(400, "");
  EXPECT_EQ(host.call(kSend, message()).code, PB_INVALID);
}

}  // namespace
}  // namespace patchbay::sdk_test
