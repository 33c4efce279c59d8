#include "number_test.hpp"

#include "api.hpp"

namespace twilio {
namespace {

constexpr const char* kCreate = "POST /Messages.json";

class Send : public NumberTest {
 protected:
  Send() { configure(); }
  Form form() const { return api.of(kCreate).at(0).form; }
  Json file(const std::string& type = "application/pdf") {
    host.services.blobs["b1"].closed = true;
    return {{"blob", "b1"}, {"kind", "document"}, {"name", "a.pdf"}, {"type", type}, {"size", 10}};
  }
};

// WA-2
TEST_F(Send, sends_text_and_wants_to_hear_what_becomes_of_it) {
  const Result result = send({{"text", "Hello\n"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json, Json({{"provider_ids", {"SM901"}}}));
  EXPECT_EQ(form().text("To"), "whatsapp:+4915112345678");
  EXPECT_EQ(form().text("From"), std::string("whatsapp:") + kNumber);
  EXPECT_EQ(form().text("Body"), "Hello\n");
  EXPECT_EQ(form().text("StatusCallback"), kStatusHook);
  EXPECT_EQ(api.calls.at(0).request["retry"], "never");
}

// What people write is no place for placeholders: it would let them ask for the token.
TEST_F(Send, keeps_words_of_people_out_of_reach_of_placeholders) {
  send({{"text", "{{secret:auth_token}}"}});
  EXPECT_EQ(form().text("Body"), "{{secret:auth_token}}");
  EXPECT_FALSE(api.calls.at(0).request.contains("form"));
  EXPECT_FALSE(api.calls.at(0).request.contains("json"));
}

TEST_F(Send, answers_whoever_hides_the_number_by_user_id) {
  send({{"text", "hi"}, {"conversation", {{"id", "DE.1349"}}}});
  EXPECT_EQ(form().text("To"), "whatsapp:DE.1349");
}

// WA-3
TEST_F(Send, lets_twilio_fetch_a_file_from_a_published_address) {
  ASSERT_TRUE(send({{"text", ""}, {"attachments", {file()}}}).ok());
  EXPECT_EQ(form().text("MediaUrl"), "https://host.example/files/b1");
  EXPECT_FALSE(form().has("Body"));
}

TEST_F(Send, says_places_and_cards) {
  send({{"text", ""}, {"location", {{"latitude", 55.67}, {"longitude", 12.5}, {"title", "Town hall"}}}});
  EXPECT_EQ(form().text("PersistentAction"), "geo:55.67,12.5|Town hall");
  EXPECT_EQ(form().text("Body"), "Town hall");
  send({{"text", ""}, {"contact", {{"name", "Bo"}, {"phone", "+45"}}}});
  EXPECT_EQ(api.of(kCreate).at(1).form.text("Body"), "Bo\n+45");
}

TEST_F(Send, makes_no_message_of_blanks_and_refuses_an_empty_one) {
  const Result blank = send({{"text", " \n"}});
  ASSERT_TRUE(blank.ok()) << blank.text;
  EXPECT_EQ(blank.json["provider_ids"], Json::array());
  EXPECT_EQ(send({{"text", ""}}).code, PB_INVALID);
  EXPECT_TRUE(api.calls.empty());
}

// WA-4
TEST_F(Send, sends_a_template_with_its_values_and_nothing_else) {
  const std::string id = "HX" + std::string(32, 'a');
  ASSERT_TRUE(send({{"text", "Hi Ana"}, {"template", {{"id", id}, {"variables", {{"1", "Ana"}}}}}}).ok());
  EXPECT_EQ(form().text("ContentSid"), id);
  EXPECT_EQ(form().text("ContentVariables"), R"({"1":"Ana"})");
  EXPECT_FALSE(form().has("Body"));
  const Result refused = send({{"text", "x"}, {"template", {{"id", "HX1"}}}});
  EXPECT_EQ(refused.json["text_id"], "twilio.template_id");
}

TEST_F(Send, lists_approved_templates_of_every_page) {
  const Json ready = {{"sid", "HX1"},
                      {"friendly_name", "Order ready"},
                      {"language", "en"},
                      {"variables", {{"1", "Ana"}}},
                      {"types", {{"twilio/text", {{"body", "Hi {{1}}"}}}}},
                      {"approval_requests", {{"status", "approved"}}}};
  Json pending = ready;
  pending["approval_requests"]["status"] = "pending";
  const std::string next = "https://content.twilio.com/v1/ContentAndApprovals?Page=1";
  api.answer("GET /v1/ContentAndApprovals",
             json_answer({{"contents", {pending}}, {"meta", {{"next_page_url", next}}}}));
  api.answer("GET /v1/ContentAndApprovals", json_answer({{"contents", {ready}}}));
  const Json expected = {{"id", "HX1"},
                         {"name", "Order ready"},
                         {"language", "en"},
                         {"text", "Hi {{1}}"},
                         {"variables", {{{"name", "1"}, {"example", "Ana"}}}}};
  EXPECT_EQ(host.call("pb.channel/1:templates", Json::object()).json["templates"], Json::array({expected}));
}

TEST_F(Send, knows_what_each_failure_means) {
  const std::vector<std::pair<Result, pb_code>> cases = {
      {api_error(401, 20003), PB_UNAUTHENTICATED}, {api_error(400, 21211), PB_INVALID},
      {api_error(400, 21610), PB_DENIED},          {api_error(400, 63016), PB_INVALID},
      {api_error(400, 63003), PB_NOT_FOUND},       {api_error(400, 99999), PB_INVALID},
      {api_error(403, 20004), PB_INVALID},         {http_answer(400, "<html>"), PB_INVALID}};
  for (const auto& [answer, code] : cases) {
    api.answer(kCreate, answer);
    EXPECT_EQ(send({{"text", "x"}}).code, code) << answer.json << answer.blobs.at(0);
  }
  api.answer(kCreate, http_answer(429, R"({"code":20429})", {{"retry-after", "7"}}));
  const Result wait = send({{"text", "x"}});
  EXPECT_EQ(wait.code, PB_RATE_LIMITED);
  EXPECT_EQ(wait.retry_after_ms, 7000u);
  EXPECT_EQ(wait.json["scope"], "integration");
}

TEST_F(Send, fails_at_once_where_twilio_does) {
  api.answer(kCreate, json_answer({{"sid", "SM1"}, {"status", "failed"}, {"error_code", 63007}}, 201));
  EXPECT_EQ(send({{"text", "x"}}).json["text_id"], "twilio.code.63007");
}

class LostAnswer : public Send {
 protected:
  // What became of a send whose answer never came, when the list shows these messages.
  Result outcome(const Json& listed, Result said = Result(PB_OUTCOME_UNKNOWN, "no answer")) {
    api.answer(kCreate, std::move(said));
    api.answer("GET /Messages.json", json_answer({{"messages", listed}}));
    Json message = {{"text", "did it arrive?"}, {"conversation", {{"id", "+4915112345678"}}}};
    const std::uint64_t call = host.deliver("pb.channel/1:send", message);
    host.run();
    host.advance(5'000);
    return host.answer(call).value();
  }
  Json listed(const std::string& sid, const std::string& body) const {
    return {{"sid", sid}, {"body", body}, {"num_media", "0"}, {"date_created", created_}};
  }
  std::string created_ = "Tue, 24 Nov 2099 08:00:00 +0000";
};

// OUT-1
TEST_F(LostAnswer, is_found_in_the_list) {
  const Result result = outcome(Json::array({listed("SM8", "another"), listed("SM7", "did it arrive?")}));
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"], Json::array({"SM7"}));
  EXPECT_NE(api.of("GET /Messages.json").at(0).query.find("To=whatsapp%3A%2B4915112345678"),
            std::string::npos);
}

// A gateway says so too, behind which the message may have been made.
TEST_F(LostAnswer, is_looked_for_when_twilio_says_that_it_is_not_available) {
  EXPECT_TRUE(outcome(Json::array({listed("SM7", "did it arrive?")}), http_answer(503, "")).ok());
  EXPECT_EQ(outcome(Json::array(), http_answer(503, "")).code, PB_OUTCOME_UNKNOWN);
}

TEST_F(LostAnswer, stays_uncertain_where_the_list_has_it_not) {
  EXPECT_EQ(outcome(Json::array({listed("SM8", "another")})).code, PB_OUTCOME_UNKNOWN);
  created_ = "Tue, 24 Nov 1998 08:00:00 +0000";
  EXPECT_EQ(outcome(Json::array({listed("SM7", "did it arrive?")})).code, PB_OUTCOME_UNKNOWN);
}

TEST_F(LostAnswer, is_not_taken_for_an_earlier_message_of_the_same_words) {
  ASSERT_EQ(send({{"text", "did it arrive?"}}).json["provider_ids"][0], "SM901");
  EXPECT_EQ(outcome(Json::array({listed("SM901", "did it arrive?")})).code, PB_OUTCOME_UNKNOWN);
}

class Fetch : public Send {
 protected:
  Result fetch(const std::string& url) {
    return host.call("pb.channel/1:fetch",
                     {{"file", {{"url", url}, {"name", "image-1.jpg"}, {"type", "image/jpeg"}}}});
  }
  std::string home() const {
    return "https://api.twilio.com/2010-04-01/Accounts/" + kSid + "/Messages/MM1/Media/ME1";
  }
  void gives(const Json& headers = Json::object()) {
    api.answer("GET /Messages/MM1/Media/ME1",
               Result(Json{{"status", 200}, {"headers", headers}, {"blob", "b9"}, {"size", 88}}));
  }
};

TEST_F(Fetch, brings_a_file_over_the_redirect_and_tells_nobody_else_who_we_are) {
  gives({{"content-disposition", "inline; filename=\"../door.jpg\""}});
  EXPECT_EQ(fetch(home()).json,
            Json({{"blob", "b9"}, {"name", "door.jpg"}, {"type", "image/jpeg"}, {"size", 88}}));
  EXPECT_EQ(api.calls.at(0).request["redirect"], Json({{"max", 5}, {"auth", "same-host"}}));
  EXPECT_TRUE(api.calls.at(0).request.contains("auth"));
  fetch("https://api.twilio.com.evil.example/Messages/MM1/Media/ME1");
  EXPECT_FALSE(api.calls.at(1).request.contains("auth"));
}

TEST_F(Fetch, keeps_the_name_that_it_has_and_says_when_the_file_is_gone) {
  gives();
  EXPECT_EQ(fetch(home()).json["name"], "image-1.jpg");
  api.answer("GET /Messages/MM1/Media/ME1", http_answer(404, ""));
  EXPECT_EQ(fetch(home()).code, PB_NOT_FOUND);
  api.answer("GET /Messages/MM1/Media/ME1", http_answer(502, ""));
  EXPECT_EQ(fetch(home()).code, PB_UNAVAILABLE);
}

TEST(FileName, is_read_in_each_form) {
  EXPECT_EQ(file_name_in("attachment; filename=a.pdf; size=1"), "a.pdf");
  EXPECT_EQ(file_name_in("attachment; filename=\"x.pdf\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.pdf"),
            "grüße.pdf");
  EXPECT_EQ(file_name_in("inline; filename=\"C:\\dir\\a.pdf\""), "a.pdf");
  EXPECT_EQ(file_name_in("inline"), "");
  EXPECT_EQ(file_name_in("inline; filename=\"" + std::string(300, 'x') + "\""), "");
}

}  // namespace
}  // namespace twilio
