#include "page_test.hpp"

namespace messenger {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;

Json file(const std::string& kind, const std::string& type) {
  return {{"blob", "b-" + kind}, {"kind", kind}, {"name", kind + ".bin"}, {"type", type}, {"size", 1000}};
}
Json button(const std::string& title, const std::string& key, const std::string& value) {
  return {{"title", title}, {key, value}};
}

class Send : public PageTest {
 protected:
  Send() { configure(); }
  // The messages of the calls, as Meta gets them.
  std::vector<Json> messages() const {
    std::vector<Json> out;
    for (const SeenCall& call : sent()) {
      const Json& message = call.arguments.at("message");
      out.push_back(message.is_string() ? Json::parse(message.get<std::string>()) : message);
    }
    return out;
  }
};

// FB-3
TEST_F(Send, sends_text_with_our_name_for_it) {
  const Result result = send({{"text", "Hello ä\n"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json::array({"m_out1"}));
  const SeenCall call = sent().at(0);
  EXPECT_EQ(call.arguments, Json({{"recipient", {{"id", kAna}}},
                                  {"messaging_type", "RESPONSE"},
                                  {"message", {{"text", "Hello ä\n"}, {"metadata", "9-0"}}}}));
  EXPECT_EQ(call.request["retry"], "never");
}

TEST_F(Send, proves_with_every_call_who_we_are) {
  send({{"text", "Hello"}});
  const Json request = sent().at(0).request;
  EXPECT_EQ(request["auth"], "bearer:{{secret:page_token}}");
  EXPECT_EQ(request["query"]["appsecret_proof"],
            "{{hmac-sha256-hex:profile:app_secret:{{secret:page_token}}}}");
}

// What people write is no place for placeholders: it would let them ask for the token.
TEST_F(Send, keeps_words_of_people_out_of_reach_of_placeholders) {
  send({{"text", "{{secret:page_token}}"}});
  EXPECT_FALSE(sent().at(0).request.contains("json"));
  EXPECT_EQ(messages().at(0)["text"], "{{secret:page_token}}");
}

TEST_F(Send, sends_each_file_and_then_the_words) {
  const Result result =
      send({{"text", "Here"},
            {"reply_to", "m_1"},
            {"attachments", {file("image", "image/png"), file("document", "application/pdf")}}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json({"m_out1", "m_out2", "m_out3"}));
  EXPECT_EQ(messages().at(0)["attachment"]["type"], "image");
  EXPECT_EQ(messages().at(1)["attachment"]["type"], "file");
  EXPECT_EQ(messages().at(2)["text"], "Here");
  EXPECT_EQ(sent().at(0).arguments["filedata"], "b-image");
  EXPECT_EQ(sent().at(0).arguments["recipient"], R"({"id":"6543210987654321"})");
  EXPECT_EQ(Json::parse(sent().at(0).arguments["reply_to"].get<std::string>())["mid"], "m_1");
  EXPECT_FALSE(sent().at(2).arguments.contains("reply_to"));
}

TEST_F(Send, tells_kinds_of_files_as_messenger_knows_them) {
  send({{"text", ""},
        {"attachments",
         {file("video", "video/mp4"), file("video", "video/x-matroska"), file("voice", "audio/ogg"),
          file("animation", "image/gif")}}});
  std::vector<std::string> types;
  for (const Json& message : messages()) types.push_back(message["attachment"]["type"]);
  EXPECT_EQ(types, (std::vector<std::string>{"video", "file", "audio", "image"}));
}

TEST_F(Send, offers_quick_replies) {
  const Json row = {button("Price", "data", "PRICE"),
                    button("A title that is much too long", "data", "LONG")};
  send({{"text", "What?"}, {"buttons", Json::array({row})}});
  const Json replies = messages().at(0)["quick_replies"];
  EXPECT_EQ(replies[0], Json({{"content_type", "text"}, {"title", "Price"}, {"payload", "PRICE"}}));
  EXPECT_EQ(replies[1]["title"], "A title that is muc…");
}

TEST_F(Send, opens_addresses_by_a_template_and_writes_them_out_where_none_fits) {
  const Json shop = button("Shop", "url", "https://shop.example");
  send(
      {{"text", "Look"}, {"buttons", Json::array({Json::array({shop, button("Call me", "data", "CALL")})})}});
  const Json payload = messages().at(0)["attachment"]["payload"];
  EXPECT_EQ(payload["text"], "Look");
  EXPECT_EQ(payload["buttons"][0]["type"], "web_url");
  EXPECT_EQ(payload["buttons"][1], Json({{"type", "postback"}, {"title", "Call me"}, {"payload", "CALL"}}));
  send({{"text", std::string(641, 'x')}, {"buttons", Json::array({Json::array({shop})})}});
  const std::string text = messages().at(1)["text"];
  EXPECT_NE(text.find("Shop: https://shop.example"), std::string::npos);
}

TEST_F(Send, refuses_what_messenger_cannot_offer) {
  Json row = Json::array();
  for (int i = 0; i < 14; ++i) row.push_back(button("b" + std::to_string(i), "data", "x"));
  EXPECT_EQ(send({{"text", "Many"}, {"buttons", Json::array({row})}}).json["text_id"],
            "messenger.too_many_buttons");
  const Json long_data = button("b", "data", std::string(1001, 'x'));
  EXPECT_EQ(send({{"text", "Long"}, {"buttons", Json::array({Json::array({long_data})})}}).code, PB_INVALID);
  EXPECT_EQ(send({{"text", ""}}).json["text_id"], "messenger.nothing_to_send");
  EXPECT_TRUE(sent().empty());
}

// CHAT-12
TEST_F(Send, says_in_words_what_messenger_cannot_show) {
  send({{"text", ""}, {"location", {{"latitude", 52.5}, {"longitude", 13.4}, {"title", "Shop"}}}});
  EXPECT_EQ(messages().at(0)["text"], "Shop\nhttps://www.google.com/maps/search/?api=1&query=52.5,13.4");
  send({{"text", ""}, {"contact", {{"name", "Ana"}, {"phone", "+491"}}}});
  EXPECT_EQ(messages().at(1)["text"], "Ana\n+491");
}

// FB-3: the window
TEST_F(Send, answers_within_a_day) {
  EXPECT_TRUE(send({{"text", "a"}, {"conversation", written(24 * kHourMs)}}).ok());
  EXPECT_EQ(sent().at(0).arguments["messaging_type"], "RESPONSE");
}

TEST_F(Send, says_that_the_window_is_closed_and_asks_nothing_of_facebook) {
  const Result result = send({{"text", "a"}, {"conversation", written(24 * kHourMs + 1)}});
  EXPECT_EQ(result.code, PB_INVALID);
  EXPECT_EQ(result.json["text_id"], "messenger.window_closed");
  EXPECT_TRUE(sent().empty());
}

// An older message that arrives late takes nothing away.
TEST_F(Send, counts_from_the_later_of_what_the_host_and_the_facts_say) {
  const auto said = [&](std::int64_t acted, std::int64_t wrote) {
    Json conversation = written(acted * kHourMs);
    conversation["last_incoming_at"] = patchbay::rfc3339(host.now_unix_ms() - wrote * kHourMs);
    return send({{"text", "a"}, {"conversation", conversation}}).json.value("text_id", std::string("sent"));
  };
  EXPECT_EQ(said(30, 1), "sent");
  EXPECT_EQ(said(1, 30), "sent");
  EXPECT_EQ(said(30, 25), "messenger.window_closed");
}

TEST_F(Send, uses_the_tag_for_people_within_a_week_where_it_is_granted) {
  configure({{"human_agent", true}});
  EXPECT_TRUE(send({{"text", "a"}, {"conversation", written(25 * kHourMs)}}).ok());
  EXPECT_EQ(sent().at(0).arguments["messaging_type"], "MESSAGE_TAG");
  EXPECT_EQ(sent().at(0).arguments["tag"], "HUMAN_AGENT");
  send({{"text", "a"}, {"conversation", written(kHourMs)}});
  EXPECT_FALSE(sent().at(1).arguments.contains("tag"));
  const Result late = send({{"text", "a"}, {"conversation", written(7 * 24 * kHourMs + 1)}});
  EXPECT_EQ(late.json["text_id"], "messenger.week_closed");
}

// What each error means for the message.
struct Meaning {
  int code;
  int subcode;
  int status;
  pb_code means;
  const char* text;
};

class Errors : public Send, public testing::WithParamInterface<Meaning> {};

TEST_P(Errors, are_told_apart_by_code) {
  const Meaning& meaning = GetParam();
  api.answer("POST " + std::string(kPage) + "/messages",
             graph_error(meaning.code, meaning.subcode, meaning.status));
  const Result result = send({{"text", "a"}});
  EXPECT_EQ(result.code, meaning.means);
  EXPECT_EQ(result.json["text_id"], meaning.text);
}

INSTANTIATE_TEST_SUITE_P(
    table, Errors,
    testing::Values(Meaning{1, 0, 500, PB_OUTCOME_UNKNOWN, "messenger.outcome_unknown"},
                    Meaning{2, 0, 500, PB_UNAVAILABLE, "messenger.unavailable"},
                    Meaning{1200, 0, 400, PB_UNAVAILABLE, "messenger.unavailable"},
                    Meaning{4, 0, 400, PB_RATE_LIMITED, "messenger.rate_limited"},
                    Meaning{613, 0, 400, PB_RATE_LIMITED, "messenger.rate_limited"},
                    Meaning{80006, 0, 400, PB_RATE_LIMITED, "messenger.rate_limited"},
                    Meaning{10, 2018278, 400, PB_INVALID, "messenger.window_closed"},
                    Meaning{10, 2018300, 403, PB_INVALID, "messenger.not_owner"},
                    Meaning{10, 1893063, 400, PB_RATE_LIMITED, "messenger.page_restricted"},
                    Meaning{10, 0, 403, PB_INVALID, "messenger.permission"},
                    Meaning{200, 0, 403, PB_INVALID, "messenger.permission"},
                    Meaning{230, 0, 403, PB_INVALID, "messenger.permission"},
                    Meaning{551, 1545041, 400, PB_DENIED, "messenger.person_unavailable"},
                    Meaning{100, 2018001, 400, PB_NOT_FOUND, "messenger.person_unknown"},
                    Meaning{100, 1893061, 400, PB_INVALID, "messenger.tag_dead"},
                    Meaning{100, 7, 400, PB_INVALID, "messenger.refused"},
                    Meaning{368, 0, 400, PB_INVALID, "messenger.policy"},
                    Meaning{0, 0, 502, PB_OUTCOME_UNKNOWN, "messenger.outcome_unknown"}),
    [](const auto& instance) {
      return "code_" + std::to_string(instance.param.code) + "_" + std::to_string(instance.param.subcode);
    });

TEST_F(Send, waits_as_long_as_facebook_says) {
  Result limited = graph_error(613);
  limited.json["headers"]["x-business-use-case-usage"] =
      R"({"104857600001":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":7}]})";
  api.answer("POST " + std::string(kPage) + "/messages", std::move(limited));
  EXPECT_EQ(send({{"text", "a"}}).retry_after_ms, 7u * 60'000);
  api.answer("POST " + std::string(kPage) + "/messages", graph_error(4));
  const Result of_app = send({{"text", "a"}});
  EXPECT_EQ(of_app.retry_after_ms, 60'000u);
  EXPECT_EQ(of_app.json["scope"], "profile");
}

TEST_F(Send, tells_no_token_that_facebook_repeats) {
  const std::string token = "EAAG" + std::string(60, 'x');
  api.answer("POST " + std::string(kPage) + "/messages",
             graph_error(100, 0, 400, {{"message", "Malformed access token " + token}}));
  const Result result = send({{"text", "a"}});
  EXPECT_EQ((result.text + result.json.dump()).find(token), std::string::npos);
  EXPECT_NE(result.text.find("Malformed access token <token>"), std::string::npos);
}

// A part of several messages goes on where it broke off.
TEST_F(Send, sends_nothing_twice_when_a_part_is_repeated) {
  const Json part = {{"text", "Here"}, {"attachments", Json::array({file("image", "image/png")})}};
  api.answer("POST " + std::string(kPage) + "/messages", answers({{"message_id", "m_first"}}));
  api.answer("POST " + std::string(kPage) + "/messages", graph_error(2, 0, 500));
  EXPECT_EQ(send(part).code, PB_UNAVAILABLE);
  Json again = part;
  again["attempt"] = 2;
  EXPECT_EQ(send(again).json["provider_ids"], Json({"m_first", "m_out1"}));
  EXPECT_EQ(sent().size(), 3u);
  EXPECT_TRUE(host.services.state["send:9-0"].first.is_null());
}

TEST_F(Send, says_which_messages_were_made_before_it_failed) {
  api.answer("POST " + std::string(kPage) + "/messages", answers({{"message_id", "m_first"}}));
  api.answer("POST " + std::string(kPage) + "/messages", graph_error(551));
  const Result result = send({{"text", "Here"}, {"attachments", Json::array({file("image", "image/png")})}});
  EXPECT_EQ(result.code, PB_DENIED);
  EXPECT_EQ(result.json["provider_ids"], Json::array({"m_first"}));
}

TEST_F(Send, does_not_know_what_became_of_a_message_without_a_name) {
  api.answer("POST " + std::string(kPage) + "/messages", answers({{"recipient_id", kAna}}));
  EXPECT_EQ(send({{"text", "a"}}).code, PB_OUTCOME_UNKNOWN);
}

}  // namespace
}  // namespace messenger
