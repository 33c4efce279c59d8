#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

#include "cases.hpp"
#include "using.hpp"

namespace webchat {
namespace {

using patchbay::testing::FakeHost;
using patchbay::testing::Request;
using patchbay::testing::Result;

const std::string kSession = "0q1Xb5mJpT3c7Yt2w9aZ4g";
const std::string kPng = "\x89PNG\r\n\x1a\n....";

Json plugin_file(const std::string& path) {
  return load_json(std::string(PLUGIN_FOLDER) + "/" + path);
}

class WebChatTest : public ::testing::Test {
 protected:
  void TearDown() override {
    host.stop();
    EXPECT_TRUE(host.violations.empty()) << host.violations.front();
  }
  void configure(const std::string& site_url, Json settings = Json::object()) {
    settings["origins"] = {"https://shop.example"};
    settings["files"] = true;
    settings["max_file_mb"] = 1;
    settings["file_types"] = {"image/png"};
    const Json request = {{"integration", {{"id", "7"}, {"name", "Shop"}}},
                          {"settings", settings},
                          {"site_url", site_url},
                          {"locale", "en"}};
    ASSERT_TRUE(host.call("pb.lifecycle/1:configure", request).ok());
  }
  void start() { configure("https://bay.example"); }
  Json check() { return host.call("pb.lifecycle/1:check", Json::object()).json; }
  Result process(const std::string& route, const std::string& body, const std::string& query = {},
                 const std::string& type = "application/json") {
    const Json request = {{"id", "42"},
                          {"route", route},
                          {"method", "POST"},
                          {"path", "/hooks"},
                          {"query", query},
                          {"headers", {{"content-type", type}}},
                          {"received_at", "2026-11-30T10:00:00Z"},
                          {"session", kSession}};
    return host.call("pb.webhook/1:process", request, {body});
  }
  Result upload(const std::string& bytes) {
    return process("file", bytes, "id=f1&file=tent.png&name=Ann", "image/png");
  }
  Result send(Json message) {
    message["conversation"] = {{"id", kSession}, {"kind", "private"}};
    message["idempotency_key"] = "9:0";
    return host.call("pb.channel/1:send", message);
  }
  std::string blob(const std::string& bytes) {
    const std::string id = "b" + std::to_string(host.services.blobs.size() + 1);
    host.services.blobs[id].bytes = bytes;
    host.services.blobs[id].closed = true;
    return id;
  }

  FakeHost host{patchbay_plugin_v0()};
};

// CHAT-25
TEST_F(WebChatTest, check_names_a_missing_public_address) {
  configure("");
  const Json finding = check()["diagnostics"].at(0);
  EXPECT_EQ(finding["severity"], "error");
  EXPECT_EQ(finding["text_id"], "webchat.site_url_missing");
}

TEST_F(WebChatTest, check_warns_of_an_address_that_is_not_https) {
  configure("http://bay.example");
  EXPECT_EQ(check()["diagnostics"].at(0)["severity"], "warning");
  EXPECT_EQ(check()["diagnostics"].at(0)["text_id"], "webchat.site_url_not_https");
}

TEST_F(WebChatTest, check_says_what_to_paste) {
  configure("https://bay.example/chat");
  const Json reply = check();
  EXPECT_EQ(reply["identity"], "webchat:7");
  EXPECT_EQ(reply["title"], "Shop");
  EXPECT_TRUE(reply.value("diagnostics", Json::array()).empty());
  EXPECT_EQ(reply["facts"]["snippet"],
            "<script async src=\"https://bay.example/chat/plugins/webchat/web/webchat.js\" "
            "data-integration=\"7\"></script>");
  configure("https://bay.example", {{"title", "Nordic"}});
  EXPECT_EQ(check()["title"], "Nordic");
}

TEST_F(WebChatTest, a_message_of_a_visitor_is_an_event) {
  start();
  const Result done = process("in", R"({"type": "message", "id": "m1", "text": "Hello", "name": "Ann"})");
  ASSERT_TRUE(done.ok()) << done.text;
  const Json event = done.json["events"].at(0);
  EXPECT_EQ(event["type"], "message.received");
  EXPECT_EQ(event["data"]["message"], (Json{{"id", kSession + "/m1"}, {"text", "Hello"}}));
  EXPECT_EQ(event["data"]["sequence"], 42);
  EXPECT_TRUE(host.services.published.empty());
}

TEST_F(WebChatTest, rubbish_is_no_dead_letter) {
  start();
  for (const auto* body : {"", "{", "[]", "\xff", R"({"type": "message"})"}) {
    const Result done = process("in", body);
    EXPECT_TRUE(done.ok()) << body;
    EXPECT_TRUE(done.json["events"].empty()) << body;
  }
}

// CHAT-12, CHAT-21
TEST_F(WebChatTest, a_file_of_a_visitor_is_kept_and_confirmed) {
  start();
  const std::string bytes = kPng + std::string(600'000, 'x');
  const Result done = upload(bytes);
  ASSERT_TRUE(done.ok()) << done.text;
  const Json attachment = done.json["events"].at(0)["data"]["message"]["attachments"].at(0);
  EXPECT_EQ(attachment["kind"], "image");
  const Json fetched = host.call("pb.channel/1:fetch", {{"file", attachment["file"]}}).json;
  EXPECT_EQ(fetched["name"], "tent.png");
  EXPECT_EQ(fetched["size"], bytes.size());
  const auto& kept = host.services.blobs[fetched["blob"]];
  EXPECT_TRUE(kept.closed);
  EXPECT_EQ(kept.bytes, bytes);
  const auto& told = host.services.published.at(0);
  EXPECT_EQ(told.topic, kSession);
  EXPECT_EQ(told.data["type"], "taken");
  EXPECT_EQ(told.data["files"].at(0)["url"],
            "https://host.example/files/" + fetched["blob"].get<std::string>());
}

TEST_F(WebChatTest, a_refused_file_is_told_to_the_visitor) {
  start();
  const Result done = upload("<html>");
  EXPECT_TRUE(done.ok());
  EXPECT_TRUE(done.json["events"].empty());
  EXPECT_TRUE(host.services.blobs.empty());
  const Json expected = {{"type", "refused"}, {"id", "f1"}, {"reason", "file_content"}};
  EXPECT_EQ(host.services.published.at(0).data, expected);
}

TEST_F(WebChatTest, a_repeated_file_is_confirmed_once) {
  start();
  const Json first = upload(kPng).json["events"].at(0);
  EXPECT_EQ(upload(kPng).json["events"].at(0)["dedupe_key"], first["dedupe_key"]);
  EXPECT_EQ(host.services.published.size(), 1u);
}

TEST_F(WebChatTest, without_a_public_address_a_file_arrives_all_the_same) {
  configure("");
  host.services.on("pb.blob/1:publish", [](const Request&) { return Result(PB_UNSUPPORTED, "No address"); });
  EXPECT_EQ(upload(kPng).json["events"].size(), 1u);
  EXPECT_EQ(host.services.published.at(0).data, (Json{{"type", "taken"}, {"id", "f1"}}));
}

TEST_F(WebChatTest, an_answer_goes_to_the_visitors_stream) {
  start();
  const Result sent =
      send({{"text", "Good morning"},
            {"reply_to", kSession + "/m1"},
            {"buttons", {{{{"title", "Yes"}, {"data", "y"}}, {{"title", "Bad"}, {"url", "javascript:x"}}}}}});
  ASSERT_TRUE(sent.ok()) << sent.text;
  EXPECT_EQ(sent.json["provider_ids"], Json::array({kSession + "/9:0"}));
  const auto& told = host.services.published.at(0);
  EXPECT_EQ(told.topic, kSession);
  EXPECT_EQ(told.id, "9:0");
  EXPECT_EQ(told.data["text"], "Good morning");
  EXPECT_EQ(told.data["reply_to"], "m1");
  EXPECT_EQ(told.data["buttons"], (Json{{{{"title", "Yes"}, {"data", "y"}}}}));
  EXPECT_TRUE(send({{"text", "Good morning"}}).ok());
  EXPECT_EQ(host.services.published.size(), 1u) << "another attempt of the same message";
}

TEST_F(WebChatTest, files_of_an_answer_are_linked_for_a_week) {
  start();
  const Json file = {{"blob", blob("%PDF")},
                     {"kind", "document"},
                     {"name", "a.pdf"},
                     {"type", "application/pdf"},
                     {"size", 4}};
  ASSERT_TRUE(send({{"text", ""}, {"attachments", {file}}}).ok());
  const Json told = host.services.published.at(0).data["files"].at(0);
  EXPECT_EQ(told["url"], "https://host.example/files/b1");
  EXPECT_EQ(told["name"], "a.pdf");
  EXPECT_EQ(told["until"], "2026-01-08T00:00:00.000Z");
}

// CHAT-12
TEST_F(WebChatTest, a_contact_card_is_readable) {
  start();
  ASSERT_TRUE(send({{"text", "Ask him:"}, {"contact", {{"name", "Erik"}, {"phone", "+47 12"}}}}).ok());
  EXPECT_EQ(host.services.published.at(0).data["text"], "Ask him:\nErik\n+47 12");
}

TEST_F(WebChatTest, what_cannot_be_shown_fails_with_the_reason) {
  start();
  EXPECT_EQ(send({{"text", ""}}).json["text_id"], "webchat.nothing_to_send");
  host.services.on("pb.blob/1:publish", [](const Request&) { return Result(PB_UNSUPPORTED, "No address"); });
  const Result sent = send({{"text", ""}, {"attachments", {{{"blob", blob("x")}, {"kind", "document"}}}}});
  EXPECT_EQ(sent.code, PB_INVALID);
  EXPECT_EQ(sent.json["text_id"], "webchat.no_address");
  EXPECT_TRUE(host.services.published.empty());
}

TEST_F(WebChatTest, a_host_that_is_away_is_asked_again) {
  start();
  host.services.on("pb.live/1:publish", [](const Request&) { return Result(PB_UNAVAILABLE, "Later"); });
  EXPECT_EQ(send({{"text", "Hello"}}).code, PB_UNAVAILABLE);
}

TEST(Texts, of_the_form_are_in_the_english_catalogue) {
  const Json catalogue = plugin_file("locales/en.json");
  const Json schema = plugin_file("schema/setup.json");
  for (const auto& [name, property] : schema["properties"].items()) {
    EXPECT_EQ(catalogue.value("setup." + name + ".title", ""), property["title"]);
    EXPECT_EQ(catalogue.value("setup." + name + ".description", ""), property.value("description", ""));
  }
}

TEST(Texts, have_a_russian_form_each) {
  const Json english_words = plugin_file("locales/en.json");
  const Json russian_words = plugin_file("locales/ru.json");
  EXPECT_EQ(english_words.size(), russian_words.size());
  for (const auto& [id, words] : english_words.items()) EXPECT_NE(russian_words.value(id, ""), "") << id;
}

// Nothing but what a page needs is shown to anybody.
TEST(Manifest, shows_pages_settings_of_the_form_only) {
  const Json schema = plugin_file("schema/setup.json");
  const Json shown = plugin_file("plugin.json")["routes"][0]["settings"];
  for (const Json& each : shown) {
    const std::string name = each.get<std::string>().substr(1);
    EXPECT_TRUE(schema["properties"].contains(name)) << name;
    EXPECT_FALSE(schema["properties"][name].contains("x-secret")) << name;
  }
}

}  // namespace
}  // namespace webchat
