#include "number_test.hpp"

#include "times.hpp"

namespace twilio {
namespace {

constexpr const char* kList = "GET /Messages.json";

class Missed : public NumberTest {
 protected:
  Missed() { configure(); }
  Result run(const Json& checkpoint) {
    return host.call("pb.sync/1:run", {{"job", "missed"},
                                       {"checkpoint", checkpoint},
                                       {"lease", host.services.lease},
                                       {"budget_ms", 60000}});
  }
  // As if connected and asked last so many milliseconds ago.
  Json since(std::int64_t ago) const { return {{"v", 1}, {"since", now() - ago}, {"after", now() - ago}}; }
  std::int64_t now() const { return host.now_unix_ms(); }
  Json message(const std::string& sid, std::int64_t ago, const Json& more = Json::object()) const {
    const auto days =
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now() - ago));
    const std::time_t seconds = std::chrono::system_clock::to_time_t(days);
    char date[64];
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", std::gmtime(&seconds));
    Json out = {{"sid", sid},       {"from", "whatsapp:+491"}, {"to", std::string("whatsapp:") + kNumber},
                {"body", sid},      {"status", "received"},    {"num_media", "0"},
                {"date_sent", date}};
    out.update(more);
    return out;
  }
  void lists(const Json& incoming, const Json& outgoing = Json::array()) {
    api.answer(kList, json_answer({{"messages", incoming}}));
    api.answer(kList, json_answer({{"messages", outgoing}}));
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const Json& event : host.services.events) out.push_back(event["dedupe_key"]);
    return out;
  }
  using Keys = std::vector<std::string>;
  void webhook_comes() {
    const Json headers = {{"content-type", "application/x-www-form-urlencoded"}};
    const Json request = {
        {"id", "1"}, {"route", "message"}, {"headers", headers}, {"received_at", case_received_at()}};
    const std::string body = "MessageSid=SM9&From=whatsapp%3A%2B491&Body=hi";
    EXPECT_TRUE(host.call("pb.webhook/1:process", request, {body}).ok());
  }
};

TEST_F(Missed, begins_when_the_number_is_connected) {
  lists(Json::array({message("SM1", 3600'000)}));
  ASSERT_TRUE(run(nullptr).ok());
  EXPECT_TRUE(keys().empty());
  EXPECT_EQ(host.services.checkpoint["since"], now());
}

TEST_F(Missed, brings_what_came_in_and_what_became_of_what_went_out) {
  const Json sent = message("SM2", 60'000,
                            {{"from", std::string("whatsapp:") + kNumber},
                             {"to", "whatsapp:+491"},
                             {"status", "undelivered"},
                             {"error_code", 63016}});
  lists(Json::array({message("SM1", 60'000)}), Json::array({sent}));
  ASSERT_TRUE(run(since(3600'000)).ok());
  EXPECT_EQ(keys(), (Keys{"message:SM1", "status:SM2:failed"}));
  EXPECT_EQ(host.services.events[1]["data"]["conversation"]["id"], "+491");
  EXPECT_NE(api.of(kList).at(0).query.find("To=whatsapp%3A%2B442071234567&DateSent%3E="), std::string::npos);
  EXPECT_NE(api.of(kList).at(1).query.find("From=whatsapp%3A%2B442071234567"), std::string::npos);
}

// A phone that was off gets its messages a day later, and their callbacks may be lost too.
TEST_F(Missed, follows_what_went_out_for_two_days_each_hour_and_after_a_gap) {
  constexpr std::int64_t kHourMs = 3'600'000;
  const auto asked_since = [this](std::int64_t connected, std::int64_t last, std::int64_t followed) {
    api.calls.clear();
    lists(Json::array());
    const Json at = {
        {"v", 1}, {"since", now() - connected}, {"after", now() - last}, {"followed", now() - followed}};
    EXPECT_TRUE(run(at).ok());
    const std::string query = api.of(kList).at(1).query;
    return query.substr(query.find("DateSent%3E=") + std::string("DateSent%3E=").size());
  };
  const auto ago = [this](std::int64_t ms) { return whole_seconds((now() - ms) / 1000 * 1000); };
  EXPECT_EQ(asked_since(90 * kHourMs, 60'000, 2 * kHourMs), ago(48 * kHourMs));
  EXPECT_EQ(host.services.checkpoint["followed"], now());
  EXPECT_EQ(asked_since(90 * kHourMs, 60'000, 300'000), ago(660'000));
  EXPECT_EQ(host.services.checkpoint["followed"], now() - 300'000);
  EXPECT_EQ(asked_since(90 * kHourMs, kHourMs, 300'000), ago(48 * kHourMs)) << "after a gap";
  EXPECT_EQ(asked_since(5 * kHourMs, 60'000, 2 * kHourMs), ago(5 * kHourMs))
      << "nothing from before connecting";
}

TEST_F(Missed, gives_webhooks_a_head_start) {
  lists(Json::array({message("SM1", 5'000)}));
  ASSERT_TRUE(run(since(3600'000)).ok());
  EXPECT_TRUE(keys().empty());
  EXPECT_LE(host.services.checkpoint["after"].get<std::int64_t>(), now() - 15'000) << "it comes next time";
}

TEST_F(Missed, reads_every_page_and_asks_for_files) {
  const Json first = {{"messages", {message("SM1", 60'000)}},
                      {"next_page_uri", "/2010-04-01/Accounts/" + kSid + "/Messages.json?Page=1"}};
  api.answer(kList, json_answer(first));
  lists(Json::array({message("MM2", 60'000, {{"num_media", "1"}})}));
  const Json media = {{"sid", "ME1"},
                      {"content_type", "image/jpeg"},
                      {"uri", "/2010-04-01/Accounts/AC/Messages/MM2/Media/ME1.json"}};
  api.answer("GET /Messages/MM2/Media.json", json_answer({{"media_list", {media}}}));
  ASSERT_TRUE(run(since(3600'000)).ok());
  EXPECT_EQ(keys(), (Keys{"message:SM1", "message:MM2"}));
  const Json file = host.services.events[1]["data"]["message"]["attachments"][0]["file"];
  EXPECT_EQ(file["url"], "https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM2/Media/ME1");
}

TEST_F(Missed, goes_nowhere_else_for_the_next_page) {
  lists(Json::array());
  api.calls.clear();
  api.answer(kList, json_answer({{"messages", Json::array()}, {"next_page_uri", ".evil.example/x"}}));
  ASSERT_TRUE(run(since(3600'000)).ok());
  for (const SeenCall& call : api.calls)
    EXPECT_EQ(call.request["url"].get<std::string>().rfind("https://api.twilio.com/", 0), 0u);
}

TEST_F(Missed, keeps_its_place_when_twilio_is_away) {
  api.answer(kList, http_answer(503, ""));
  EXPECT_EQ(run(since(3600'000)).code, PB_UNAVAILABLE);
  EXPECT_TRUE(host.services.checkpoint.is_null());
}

// WA-1: it is told when the address is not set.
TEST_F(Missed, says_that_no_webhook_arrives_until_one_does) {
  lists(Json::array({message("SM1", 60'000)}));
  run(since(3600'000));
  const Json unwell = host.call("pb.lifecycle/1:health", Json::object()).json;
  EXPECT_EQ(unwell["status"], "degraded");
  EXPECT_EQ(unwell["text_id"], "twilio.webhook_not_set");
  EXPECT_EQ(unwell["args"]["address"], kHook);
  webhook_comes();
  EXPECT_EQ(host.call("pb.lifecycle/1:health", Json::object()).json["status"], "ok");
}

TEST_F(Missed, is_content_when_webhooks_brought_it_all) {
  lists(Json::array({message("SM1", 60'000)}));
  run(since(3600'000));
  webhook_comes();
  lists(Json::array({message("SM1", 60'000)}));
  run(since(3600'000));
  EXPECT_EQ(keys(), Keys{"message:SM1"});
  EXPECT_EQ(host.call("pb.lifecycle/1:health", Json::object()).json["status"], "ok");
}

TEST_F(Missed, reads_contact_cards_as_webhooks_do) {
  const std::string url = "https://api.twilio.com/2010-04-01/Accounts/" + kSid + "/Messages/MM1/Media/ME1";
  const Json headers = {{"content-type", "application/x-www-form-urlencoded"}};
  const Json request = {
      {"id", "1"}, {"route", "message"}, {"headers", headers}, {"received_at", case_received_at()}};
  Form form;
  form.add("MessageSid", "MM1").add("From", "whatsapp:+491").add("NumMedia", "1");
  form.add("MediaUrl0", url).add("MediaContentType0", "text/vcard");
  const auto contact = [&] {
    const Json events = host.call("pb.webhook/1:process", request, {form.encoded()}).json["events"];
    return events.at(0)["data"]["message"].value("contact", Json());
  };
  api.answer("GET /Messages/MM1/Media/ME1", http_answer(200, "FN:Bo\nTEL:+45"));
  EXPECT_EQ(contact(), Json({{"name", "Bo"}, {"phone", "+45"}}));
  api.answer("GET /Messages/MM1/Media/ME1", http_answer(404, ""));
  EXPECT_EQ(contact(), Json());
  api.answer("GET /Messages/MM1/Media/ME1", Result(PB_UNAVAILABLE, "away"));
  EXPECT_EQ(contact(), Json());
}

}  // namespace
}  // namespace twilio
