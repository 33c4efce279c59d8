#include "bot_test.hpp"

namespace telegram {
namespace {

Json file(const std::string& kind, const std::string& type, std::int64_t size = 1000) {
  return {{"blob", "b-" + kind}, {"kind", kind}, {"name", kind + ".bin"}, {"type", type}, {"size", size}};
}

class Send : public BotTest {
 protected:
  Send() { configure(); }
  std::vector<std::string> methods() const {
    std::vector<std::string> out;
    for (const SeenCall& call : api.calls) out.push_back(call.method);
    return out;
  }
  using Methods = std::vector<std::string>;
};

// TG-2
TEST_F(Send, sends_text) {
  const Result result = send({{"text", "Hello\n"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json, Json({{"provider_ids", {"901"}}, {"sent_at", "2026-11-21T01:20:00Z"}}));
  EXPECT_EQ(api.calls.at(0).arguments, Json({{"chat_id", 5519027461}, {"text", "Hello\n"}}));
  EXPECT_EQ(api.calls.at(0).request["retry"], "never");
}

// What people write is no place for placeholders: it would let them ask for the token.
TEST_F(Send, keeps_words_of_people_out_of_reach_of_placeholders) {
  send({{"text", "{{secret:token}}"}});
  EXPECT_FALSE(api.calls.at(0).request.contains("json"));
  EXPECT_EQ(api.calls.at(0).arguments["text"], "{{secret:token}}");
}

TEST_F(Send, answers_a_message_even_if_that_is_gone) {
  send({{"text", "Yes"}, {"reply_to", "417"}});
  const Json expected = {{"message_id", 417}, {"allow_sending_without_reply", true}};
  EXPECT_EQ(api.calls.at(0).arguments["reply_parameters"], expected);
}

TEST_F(Send, answers_in_the_topic_with_every_call) {
  const Json topic = {{"id", "-1002"}, {"facts", {{"message_thread_id", 7}}}};
  send({{"text", "here"}, {"location", {{"latitude", 1}, {"longitude", 2}}}, {"conversation", topic}});
  ASSERT_EQ(methods(), (Methods{"sendMessage", "sendLocation"}));
  for (const SeenCall& call : api.calls) EXPECT_EQ(call.arguments["message_thread_id"], 7);
  const Json direct = {{"id", "-1003"}, {"facts", {{"direct_messages_topic_id", 77}}}};
  send({{"text", "a"}, {"conversation", direct}});
  EXPECT_EQ(api.calls.at(2).arguments["direct_messages_topic_id"], 77);
  EXPECT_FALSE(api.calls.at(2).arguments.contains("message_thread_id"));
}

TEST_F(Send, puts_buttons_below) {
  const Json won = {{"title", "Won"}, {"data", "deal:42:won"}};
  const Json site = {{"title", "Site"}, {"url", "https://acme.example"}};
  send({{"text", "Deal?"}, {"buttons", Json::array({Json::array({won, site})})}});
  const Json keys = api.calls.at(0).arguments["reply_markup"]["inline_keyboard"][0];
  EXPECT_EQ(keys[0], Json({{"text", "Won"}, {"callback_data", "deal:42:won"}}));
  EXPECT_EQ(keys[1], Json({{"text", "Site"}, {"url", "https://acme.example"}}));
}

TEST_F(Send, refuses_data_that_no_button_can_hold) {
  const Json button = {{"title", "Won"}, {"data", std::string(65, 'x')}};
  EXPECT_EQ(send({{"text", "Deal?"}, {"buttons", Json::array({Json::array({button})})}}).code, PB_INVALID);
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Send, refuses_an_empty_message) {
  EXPECT_EQ(send({{"text", ""}}).code, PB_INVALID);
}

// A long text may be cut so that nothing but blanks is left for a part; Telegram takes no such message.
TEST_F(Send, makes_no_message_of_blanks) {
  const Result result = send({{"text", "\n \n"}, {"part", 1}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json::array());
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Send, hangs_buttons_below_blanks_on_something_visible) {
  const Json buttons = Json::array({Json::array({{{"title", "Won"}, {"data", "won"}}})});
  EXPECT_TRUE(send({{"text", "\n"}, {"buttons", buttons}}).ok());
  EXPECT_EQ(methods(), Methods{"sendMessage"});
  EXPECT_EQ(api.calls.at(0).arguments["text"], "⬇");
}

TEST_F(Send, uploads_each_kind_of_file_by_its_method) {
  const std::vector<std::pair<Json, std::string>> kinds = {
      {file("image", "image/jpeg"), "sendPhoto"},
      {file("video", "video/mp4"), "sendVideo"},
      {file("audio", "audio/mpeg"), "sendAudio"},
      {file("voice", "audio/ogg"), "sendVoice"},
      {file("animation", "image/gif"), "sendAnimation"},
      {file("sticker", "image/webp"), "sendSticker"},
      {file("document", "application/pdf"), "sendDocument"},
      {file("audio", "audio/wav"), "sendDocument"},
      {file("image", "image/tiff"), "sendDocument"},
      {file("video", "video/webm"), "sendDocument"}};
  for (const auto& [attachment, method] : kinds) {
    api.calls.clear();
    EXPECT_TRUE(send({{"text", ""}, {"attachments", Json::array({attachment})}}).ok());
    EXPECT_EQ(api.calls.at(0).method, method) << attachment;
    EXPECT_TRUE(api.calls.at(0).request.contains("parts"));
  }
}

TEST_F(Send, uploads_a_picture_with_its_caption) {
  send(
      {{"text", "our door"}, {"attachments", Json::array({file("image", "image/jpeg")})}, {"reply_to", "3"}});
  const SeenCall call = api.calls.at(0);
  EXPECT_EQ(call.arguments["caption"], "our door");
  EXPECT_EQ(call.arguments["chat_id"], "5519027461");
  EXPECT_EQ(Json::parse(call.arguments["reply_parameters"].get<std::string>())["message_id"], 3);
  EXPECT_EQ(
      call.request["parts"].back(),
      Json({{"name", "photo"}, {"blob", "b-image"}, {"file_name", "image.bin"}, {"type", "image/jpeg"}}));
}

TEST_F(Send, gives_an_upload_the_time_that_its_bytes_need) {
  const Json files = Json::array(
      {file("document", "application/pdf", 50'000'000), file("document", "text/plain", 10'000'000)});
  send({{"text", "hi"}});
  send({{"attachments", files}});
  EXPECT_EQ(api.calls.at(0).request["timeout_ms"], 30'000);
  EXPECT_EQ(api.calls.at(1).request["timeout_ms"], 30'000 + 600'000);
}

TEST_F(Send, sends_pictures_that_are_too_big_as_documents) {
  send({{"attachments", Json::array({file("image", "image/png", 10485761)})}});
  EXPECT_EQ(methods(), Methods{"sendDocument"});
}

TEST_F(Send, sends_pictures_of_odd_shape_as_documents) {
  api.answer("sendPhoto", api_error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
  EXPECT_TRUE(send({{"text", "wide"}, {"attachments", Json::array({file("image", "image/png")})}}).ok());
  EXPECT_EQ(methods(), (Methods{"sendPhoto", "sendDocument"}));
  EXPECT_EQ(api.calls.at(1).arguments["caption"], "wide");
}

TEST_F(Send, takes_no_id_of_what_telegram_sends_later) {
  api.answer("sendVideo", api_result({{"message_id", 0}, {"date", 1795224000}}));
  const Result result = send({{"attachments", Json::array({file("video", "video/mp4")})}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json::array());
}

TEST_F(Send, sends_an_album_as_one) {
  api.answer("sendMediaGroup",
             api_result({{{"message_id", 5}, {"date", 1}}, {{"message_id", 6}, {"date", 1}}}));
  const Json files = Json::array({file("image", "image/jpeg"), file("video", "video/mp4")});
  const Result result = send({{"text", "both"}, {"attachments", files}});
  EXPECT_EQ(result.json["provider_ids"], (Json{"5", "6"}));
  const Json media = Json::parse(api.calls.at(0).arguments["media"].get<std::string>());
  EXPECT_EQ(media[0], Json({{"type", "photo"}, {"media", "attach://file0"}, {"caption", "both"}}));
  EXPECT_EQ(media[1], Json({{"type", "video"}, {"media", "attach://file1"}}));
}

TEST_F(Send, parts_files_that_telegram_does_not_mix) {
  const Json files =
      Json::array({file("image", "image/jpeg"), file("document", "text/plain"), file("voice", "audio/ogg")});
  EXPECT_EQ(send({{"attachments", files}}).json["provider_ids"].size(), 3u);
  EXPECT_EQ(methods(), (Methods{"sendPhoto", "sendDocument", "sendVoice"}));
}

TEST_F(Send, puts_buttons_of_an_album_into_a_message_behind_it) {
  const Json files = Json::array({file("image", "image/jpeg"), file("image", "image/jpeg")});
  const Json buttons = Json::array({Json::array({{{"title", "Won"}, {"data", "won"}}})});
  send({{"attachments", files}, {"buttons", buttons}});
  EXPECT_EQ(methods(), (Methods{"sendMediaGroup", "sendMessage"}));
}

TEST_F(Send, sends_places) {
  send({{"location", {{"latitude", 52.5}, {"longitude", 13.4}}}});
  EXPECT_EQ(api.calls.at(0).arguments,
            Json({{"chat_id", 5519027461}, {"latitude", 52.5}, {"longitude", 13.4}}));
  send({{"location", {{"latitude", 52.5}, {"longitude", 13.4}, {"title", "Office"}}}});
  EXPECT_EQ(api.calls.at(1).method, "sendVenue");
  EXPECT_EQ(api.calls.at(1).arguments["address"], "Office");
}

TEST_F(Send, sends_contact_cards) {
  send({{"contact", {{"name", "Max"}, {"phone", "+49151"}, {"email", "max@acme.example"}}}});
  EXPECT_EQ(api.calls.at(0).arguments["phone_number"], "+49151");
  EXPECT_NE(api.calls.at(0).arguments["vcard"].get<std::string>().find("EMAIL:max@acme.example"),
            std::string::npos);
}

// CHAT-12: what a channel cannot show becomes readable text
TEST_F(Send, writes_a_contact_without_a_number_as_text) {
  send({{"contact", {{"name", "Max"}, {"email", "max@acme.example"}}}});
  EXPECT_EQ(api.calls.at(0).arguments["text"], "Max\nmax@acme.example");
}

Json words_and_place(int attempt) {
  return {{"text", "here"},
          {"location", {{"latitude", 1}, {"longitude", 2}}},
          {"idempotency_key", "k"},
          {"attempt", attempt}};
}

TEST_F(Send, goes_on_where_an_attempt_broke_off) {
  api.answer("sendLocation", api_error(429, "Too Many Requests: retry after 2", {{"retry_after", 2}}));
  EXPECT_EQ(send(words_and_place(1)).code, PB_RATE_LIMITED);
  EXPECT_TRUE(host.services.state.contains("send:k"));  // another process may have to go on
  const Result result = send(words_and_place(2));
  EXPECT_EQ(result.json["provider_ids"].size(), 2u);
  EXPECT_EQ(methods(), (Methods{"sendMessage", "sendLocation", "sendLocation"}));
  EXPECT_TRUE(host.services.state["send:k"].first.is_null());
}

TEST_F(Send, keeps_nothing_of_what_is_not_repeated) {
  api.answer("sendLocation", api_error(400, "Bad Request: chat not found"));
  const Result result = send(words_and_place(1));
  EXPECT_EQ(result.code, PB_NOT_FOUND);
  EXPECT_EQ(result.json["provider_ids"].size(), 1u);  // the words have arrived
  EXPECT_TRUE(host.services.state.empty());
  EXPECT_TRUE(send({{"text", "hi"}}).ok());
  EXPECT_TRUE(host.services.state.empty());
}

TEST_F(Send, sends_an_album_file_by_file_when_one_picture_is_odd) {
  const std::string odd =
      "Bad Request: failed to send message #2 with the error message PHOTO_INVALID_DIMENSIONS";
  api.answer("sendMediaGroup", api_error(400, odd));
  api.answer("sendPhoto", api_result({{"message_id", 5}, {"date", 1}}));
  api.answer("sendPhoto", api_error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
  const Json pictures = Json::array({file("image", "image/jpeg"), file("image", "image/png")});
  const Result result = send({{"text", "both"}, {"attachments", pictures}, {"reply_to", "3"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(methods(), (Methods{"sendMediaGroup", "sendPhoto", "sendPhoto", "sendDocument"}));
  EXPECT_EQ(result.json["provider_ids"].size(), 2u);
  EXPECT_EQ(api.calls.at(1).arguments["caption"], "both");
  EXPECT_TRUE(api.calls.at(1).arguments.contains("reply_parameters"));
  EXPECT_FALSE(api.calls.at(3).arguments.contains("caption"));
  EXPECT_FALSE(api.calls.at(3).arguments.contains("media"));
  EXPECT_EQ(api.calls.at(3).request["parts"].back()["name"], "document");
}

TEST_F(Send, goes_on_with_an_album_that_was_taken_apart) {
  api.answer("sendMediaGroup", api_error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"));
  api.answer("sendPhoto", api_result({{"message_id", 5}, {"date", 1}}));
  api.answer("sendPhoto", api_error(429, "Too Many Requests: retry after 2", {{"retry_after", 2}}));
  const Json pictures = Json::array({file("image", "image/jpeg"), file("image", "image/png")});
  Json message = {{"attachments", pictures}, {"idempotency_key", "k"}, {"attempt", 1}};
  EXPECT_EQ(send(message).code, PB_RATE_LIMITED);
  message["attempt"] = 2;
  EXPECT_EQ(send(message).json["provider_ids"].size(), 2u);
  EXPECT_EQ(methods(), (Methods{"sendMediaGroup", "sendPhoto", "sendPhoto", "sendPhoto"}));
}

// TG-4
TEST_F(Send, follows_a_chat_that_has_migrated) {
  api.answer("sendMessage", api_error(400, "Bad Request: group chat was upgraded to a supergroup chat",
                                      {{"migrate_to_chat_id", -1001234567890}}));
  const Result result = send({{"text", "hi"}, {"conversation", {{"id", "-4411"}}}});
  EXPECT_EQ(result.json["moved_to"], "-1001234567890");
  EXPECT_EQ(api.calls.at(0).arguments["chat_id"], -4411);
  EXPECT_EQ(api.calls.at(1).arguments["chat_id"], -1001234567890);
}

TEST_F(Send, follows_only_once) {
  const Json to = {{"migrate_to_chat_id", -100}};
  for (int i = 0; i < 3; ++i)
    api.answer("sendMessage", api_error(400, "Bad Request: group chat was upgraded", to));
  EXPECT_EQ(send({{"text", "hi"}}).code, PB_INVALID);
  EXPECT_EQ(api.calls.size(), 2u);
}

TEST_F(Send, pauses_one_chat_or_the_whole_bot) {
  const auto limited = [&] {
    api.answer("sendMessage", api_error(429, "Too Many Requests: retry after 15", {{"retry_after", 15}}));
  };
  limited();
  const Result first = send({{"text", "a"}, {"conversation", {{"id", "1"}}}});
  EXPECT_EQ(first.retry_after_ms, 15'000u);
  EXPECT_EQ(first.json["scope"], "conversation");
  limited();
  EXPECT_EQ(send({{"text", "b"}, {"conversation", {{"id", "2"}}}}).json["scope"], "integration");
  host.advance(20'000);
  limited();
  EXPECT_EQ(send({{"text", "c"}, {"conversation", {{"id", "3"}}}}).json["scope"], "conversation");
}

TEST_F(Send, takes_the_pause_from_the_header_when_the_body_has_none) {
  api.answer("sendMessage", http_answer(429, "slow down", {{"retry-after", "7"}}));
  EXPECT_EQ(send({{"text", "a"}}).retry_after_ms, 7'000u);
}

TEST_F(Send, shows_no_token_that_a_server_repeats) {
  api.answer("sendMessage",
             api_error(400, "Bad Request: /bot123456789:AAFxAAFxAAFxAAFxAAFxAAFxAAFxAAFxAAF/x"));
  const Result result = send({{"text", "a"}});
  EXPECT_EQ(result.text.find("AAFx"), std::string::npos) << result.text;
  EXPECT_EQ(result.json.dump().find("AAFx"), std::string::npos);
}

struct Row {
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
  const char* name;
  Result answer;
  pb_code code;
  const char* text_id;
};

class Errors : public Send, public ::testing::WithParamInterface<Row> {};

// TG-4: every row of the provider's table
TEST_P(Errors, say_what_happens_next) {
  api.answer("sendMessage", GetParam().answer);
  const Result result = send({{"text", "hi"}});
  EXPECT_EQ(result.code, GetParam().code) << result.text;
  EXPECT_EQ(result.json.is_object() ? result.json.value("text_id", "") : "", GetParam().text_id);
  EXPECT_FALSE(result.text.empty());
  EXPECT_EQ(api.calls.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    table, Errors,
    ::testing::Values(
        Row{"chat_not_found", api_error(400, "Bad Request: chat not found"), PB_NOT_FOUND,
            "telegram.chat_not_found"},
        Row{"thread_not_found", api_error(400, "Bad Request: message thread not found"), PB_NOT_FOUND,
            "telegram.thread_not_found"},
        Row{"too_long", api_error(400, "Bad Request: message is too long"), PB_INVALID,
            "telegram.bad_request"},
        Row{"no_rights", api_error(400, "Bad Request: not enough rights to send text messages to the chat"),
            PB_DENIED, "telegram.no_rights"},
        Row{"no_media_rights", api_error(400, "Bad Request: not enough rights to send photos to the chat"),
            PB_INVALID, "telegram.no_kind_rights"},
        Row{"no_sticker_rights", api_error(400, "Bad Request: CHAT_SEND_STICKERS_FORBIDDEN"), PB_INVALID,
            "telegram.no_kind_rights"},
        Row{"topic_closed", api_error(400, "Bad Request: TOPIC_CLOSED"), PB_INVALID, "telegram.topic_closed"},
        Row{"unauthorized", api_error(401, "Unauthorized"), PB_UNAUTHENTICATED, "telegram.unauthorized"},
        Row{"misdirected", api_error(421, "Misdirected Request"), PB_UNAUTHENTICATED,
            "telegram.unauthorized"},
        Row{"blocked", api_error(403, "Forbidden: bot was blocked by the user"), PB_DENIED,
            "telegram.blocked"},
        Row{"deactivated", api_error(403, "Forbidden: user is deactivated"), PB_DENIED,
            "telegram.deactivated"},
        Row{"kicked", api_error(403, "Forbidden: bot was kicked from the supergroup chat"), PB_DENIED,
            "telegram.kicked"},
        Row{"not_member", api_error(403, "Forbidden: bot is not a member of the channel chat"), PB_DENIED,
            "telegram.not_member"},
        Row{"initiate", api_error(403, "Forbidden: bot can't initiate conversation with a user"), PB_DENIED,
            "telegram.cannot_initiate"},
        Row{"other_403", api_error(403, "Forbidden: new reason"), PB_DENIED, "telegram.denied"},
        Row{"method", api_error(404, "Not Found: method not found"), PB_UNSUPPORTED,
            "telegram.method_unknown"},
        Row{"conflict", api_error(409, "Conflict: x"), PB_CONFLICT, "telegram.conflict"},
        Row{"too_large", api_error(413, "Request Entity Too Large"), PB_INVALID, "telegram.too_large"},
        Row{"limited", api_error(429, "Too Many Requests"), PB_RATE_LIMITED, "telegram.rate_limited"},
        Row{"restart", api_error(500, "Internal Server Error: restart"), PB_UNAVAILABLE,
            "telegram.unavailable"},
        Row{"internal", api_error(500, "Internal Server Error"), PB_OUTCOME_UNKNOWN,
            "telegram.outcome_unknown"},
        Row{"bad_gateway", http_answer(502, "<html>"), PB_OUTCOME_UNKNOWN, "telegram.outcome_unknown"},
        Row{"service_unavailable", http_answer(503, ""), PB_UNAVAILABLE, "telegram.unavailable"},
        Row{"gateway_timeout", http_answer(504, ""), PB_OUTCOME_UNKNOWN, "telegram.outcome_unknown"},
        Row{"unreadable", http_answer(200, "<html>"), PB_OUTCOME_UNKNOWN, "telegram.outcome_unknown"},
        Row{"error_with_200",
            http_answer(200, R"({"ok":false,"error_code":403,"description":"bot was kicked"})"), PB_DENIED,
            "telegram.kicked"},
        Row{"no_connection", Result(PB_UNAVAILABLE, "Connection refused"), PB_UNAVAILABLE, ""},
        Row{"no_answer", Result(PB_OUTCOME_UNKNOWN, "No answer"), PB_OUTCOME_UNKNOWN, ""}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace telegram
