#include "line_test.hpp"

namespace whatsapp {
namespace {

Json file(const std::string& kind, const std::string& type) {
  return {{"blob", "b-" + kind}, {"kind", kind}, {"name", kind + ".bin"}, {"type", type}, {"size", 1000}};
}
Json status_of(const std::string& key) {
  const Json status = {{"id", "wamid.lost"},
                       {"status", "sent"},
                       {"timestamp", "1795224000"},
                       {"recipient_id", "4915112345678"},
                       {"biz_opaque_callback_data", key}};
  const Json value = {{"metadata", {{"phone_number_id", kPhone}}}, {"statuses", {status}}};
  return {{"object", "whatsapp_business_account"},
          {"entry", {{{"id", kAccount}, {"changes", {{{"field", "messages"}, {"value", value}}}}}}}};
}

class Send : public LineTest {
 protected:
  Send() { configure(); }
  Json only(const char* type) {
    EXPECT_EQ(sent().size(), 1U);
    const Json message = sent().at(0).arguments;
    EXPECT_EQ(message["type"], type);
    return message[type];
  }
  // A send whose answer is lost; stays open while the plugin waits for a status.
  std::uint64_t begin_lost() {
    api.answer("POST " + kPhone + "/messages", Result(PB_OUTCOME_UNKNOWN, "The connection broke"));
    const std::uint64_t call = host.deliver(
        "pb.channel/1:send", {{"conversation", {{"id", kAna}}}, {"text", "Hi"}, {"idempotency_key", "9-0"}});
    host.run();
    return call;
  }
};

// WA-5
TEST_F(Send, sends_text_with_our_name_for_it) {
  const Result result = send({{"text", "Hello ä"}, {"reply_to", "wamid.in"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json::array({"wamid.out1"}));
  EXPECT_EQ(sent().at(0).arguments, Json({{"messaging_product", "whatsapp"},
                                          {"recipient_type", "individual"},
                                          {"to", kAna},
                                          {"type", "text"},
                                          {"text", {{"body", "Hello ä"}, {"preview_url", false}}},
                                          {"context", {{"message_id", "wamid.in"}}},
                                          {"biz_opaque_callback_data", "9-0"}}));
  const Json request = sent().at(0).request;
  EXPECT_EQ(request["retry"], "never");
  EXPECT_EQ(request["auth"], "bearer:{{secret:access_token}}");
  EXPECT_EQ(request["query"]["appsecret_proof"],
            "{{hmac-sha256-hex:secret:app_secret:{{secret:access_token}}}}");
}

// What people write is no place for placeholders: it would let them ask for the token.
TEST_F(Send, keeps_words_of_people_out_of_reach_of_placeholders) {
  send({{"text", "{{secret:access_token}}"}});
  EXPECT_FALSE(sent().at(0).request.contains("json"));
  EXPECT_EQ(only("text")["body"], "{{secret:access_token}}");
}

TEST_F(Send, calls_who_hides_the_number_by_user_id) {
  send({{"text", "Hi"}, {"conversation", {{"id", "DE.13491208655302741918"}}}});
  const Json message = sent().at(0).arguments;
  EXPECT_EQ(message["recipient"], "DE.13491208655302741918");
  EXPECT_FALSE(message.contains("to"));
}

TEST_F(Send, uploads_a_file_and_sends_it_by_its_id) {
  send({{"text", ""}, {"attachments", {file("document", "application/pdf")}}});
  const SeenCall upload = api.of("POST " + kPhone + "/media").at(0);
  EXPECT_EQ(upload.arguments,
            Json({{"messaging_product", "whatsapp"}, {"type", "application/pdf"}, {"file", "b-document"}}));
  EXPECT_EQ(upload.request["retry"], "safe");
  EXPECT_EQ(only("document"), Json({{"id", "m77"}, {"filename", "document.bin"}}));
}

TEST_F(Send, says_which_sound_is_a_voice) {
  send({{"attachments", {file("voice", "audio/ogg")}}});
  EXPECT_EQ(only("audio"), Json({{"id", "m77"}, {"voice", true}}));
}

TEST_F(Send, sends_places_and_cards_as_such) {
  send({{"location", {{"latitude", 55.67}, {"longitude", 12.56}, {"title", "Town hall"}}}});
  EXPECT_EQ(only("location"), Json({{"latitude", 55.67}, {"longitude", 12.56}, {"name", "Town hall"}}));
  send({{"contact", {{"name", "Bo"}, {"phone", "+4512345678"}}}});
  const Json card = sent().at(1).arguments["contacts"][0];
  EXPECT_EQ(card["name"]["formatted_name"], "Bo");
  EXPECT_EQ(card["phones"][0]["phone"], "+4512345678");
}

TEST_F(Send, puts_buttons_under_a_picture_and_refuses_them_under_a_sound) {
  const Json rows = {{{{"title", "Yes"}, {"data", "y"}}}};
  send({{"attachments", {file("image", "image/png")}}, {"buttons", rows}});
  const Json interactive = only("interactive");
  EXPECT_EQ(interactive["header"], Json({{"type", "image"}, {"image", {{"id", "m77"}}}}));
  EXPECT_EQ(interactive["body"]["text"], "image.bin");
  const Result refused = send({{"attachments", {file("audio", "audio/mpeg")}}, {"buttons", rows}});
  EXPECT_EQ(refused.code, PB_INVALID);
  EXPECT_EQ(refused.json["text_id"], "whatsapp.buttons_need_words");
}

TEST_F(Send, sends_a_template_alone) {  // WA-4
  send({{"text", "Hi Bo"}, {"template", {{"id", "order_ready/en_US"}, {"variables", {{"1", "Bo"}}}}}});
  EXPECT_EQ(only("template")["name"], "order_ready");
  EXPECT_FALSE(sent().at(0).arguments.contains("text"));
}

TEST_F(Send, sends_nothing_where_nothing_is_to_be_seen) {
  EXPECT_EQ(send({{"text", " \n"}}).json["provider_ids"], Json::array());
  EXPECT_EQ(send({{"text", ""}}).code, PB_INVALID);
  EXPECT_TRUE(sent().empty());
}

// What each error does next (sdk/docs/contract.md).
TEST_F(Send, tells_errors_apart_by_their_code) {
  struct Expected {
    int code;
    int status;
    pb_code means;
    const char* scope;
    unsigned pause_ms;
  };
  const Expected table[] = {
      {131047, 400, PB_INVALID, "", 0},
      {131026, 400, PB_DENIED, "", 0},
      {100, 400, PB_INVALID, "", 0},
      {132001, 404, PB_INVALID, "", 0},
      {130429, 400, PB_RATE_LIMITED, "integration", 5'000},
      {131056, 400, PB_RATE_LIMITED, "conversation", 6'000},
      {131048, 400, PB_RATE_LIMITED, "integration", 900'000},
      {80007, 400, PB_RATE_LIMITED, "integration", 60'000},
      {4, 400, PB_RATE_LIMITED, "integration", 60'000},
      {190, 401, PB_UNAUTHENTICATED, "", 0},
      {0, 401, PB_UNAUTHENTICATED, "", 0},
      {131016, 500, PB_UNAVAILABLE, "", 0},
      {2, 500, PB_UNAVAILABLE, "", 0},
      {200, 403, PB_INVALID, "", 0},
      {139999, 400, PB_INVALID, "", 0},
  };
  for (const Expected& each : table) {
    api.answer("POST " + kPhone + "/messages", graph_error(each.code, 0, each.status));
    const Result result = send({{"text", "Hi"}});
    EXPECT_EQ(result.code, each.means) << each.code;
    EXPECT_EQ(result.json.value("scope", ""), each.scope) << each.code;
    EXPECT_EQ(result.retry_after_ms, each.pause_ms) << each.code;
    EXPECT_EQ(result.text.find("whatsapp."), std::string::npos) << result.text;
  }
}

TEST_F(Send, leaves_an_upload_to_be_repeated) {
  api.answer("POST " + kPhone + "/media", graph_error(1, 0, 500));
  EXPECT_EQ(send({{"attachments", {file("image", "image/png")}}}).code, PB_UNAVAILABLE);
  EXPECT_TRUE(sent().empty());
}

TEST_F(Send, learns_from_a_status_that_a_message_was_taken_whose_answer_was_lost) {
  const std::uint64_t call = begin_lost();
  ASSERT_FALSE(host.answer(call).has_value());
  process(status_of("9-0"));
  host.advance(500);
  ASSERT_TRUE(host.answer(call).has_value());
  EXPECT_EQ(host.answer(call)->json["provider_ids"], Json::array({"wamid.lost"}));
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(Send, leaves_it_open_when_no_status_comes) {
  const std::uint64_t call = begin_lost();
  process(status_of("another"));
  for (int i = 0; i < 21; ++i) host.advance(500);
  ASSERT_TRUE(host.answer(call).has_value());
  EXPECT_EQ(host.answer(call)->code, PB_OUTCOME_UNKNOWN);
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(Send, takes_no_answer_without_an_id_for_one) {
  api.answer("POST " + kPhone + "/messages", answers({{"messages", Json::array()}}));
  const std::uint64_t call = host.deliver(
      "pb.channel/1:send", {{"conversation", {{"id", kAna}}}, {"text", "Hi"}, {"idempotency_key", "9-1"}});
  for (int i = 0; i < 21; ++i) host.advance(500);
  EXPECT_EQ(host.answer(call)->code, PB_OUTCOME_UNKNOWN);
}

class Fetch : public LineTest {
 protected:
  Fetch() { configure(); }
  static constexpr const char* kAddress = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1";
  Result fetch() {
    return host.call("pb.channel/1:fetch",
                     {{"file", {{"id", "1234"}, {"name", "a.jpg"}, {"type", "image/jpeg"}}}});
  }
};

TEST_F(Fetch, asks_for_the_address_and_goes_there_with_the_token) {
  api.answer("GET 1234", answers({{"url", kAddress}}));
  api.answer("GET " + std::string(kAddress),
             Result(Json{{"status", 200}, {"headers", Json::object()}, {"size", 5}, {"blob", "77"}},
                    std::vector<std::string>{}));
  const Result file = fetch();
  ASSERT_TRUE(file.ok()) << file.text;
  EXPECT_EQ(file.json["blob"], "77");
  EXPECT_EQ(file.json["name"], "a.jpg");
  const Json request = api.of("GET " + std::string(kAddress)).at(0).request;
  EXPECT_EQ(request["auth"], "bearer:{{secret:access_token}}");
  EXPECT_EQ(request["redirect"]["auth"], "same-host");
}

TEST_F(Fetch, asks_once_more_when_the_address_has_just_ended) {
  for (int i = 0; i < 2; ++i) {
    api.answer("GET 1234", answers({{"url", kAddress}}));
    api.answer("GET " + std::string(kAddress), http_answer(404, ""));
  }
  EXPECT_EQ(fetch().code, PB_NOT_FOUND);
  EXPECT_EQ(api.of("GET 1234").size(), 2U);
}

TEST_F(Fetch, says_when_whatsapp_has_it_no_more) {
  api.answer("GET 1234", graph_error(100, 33));
  EXPECT_EQ(fetch().code, PB_NOT_FOUND);
}

}  // namespace
}  // namespace whatsapp
