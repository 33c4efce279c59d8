#include "page_test.hpp"

namespace messenger {
namespace {

// FB-4
class Control : public PageTest {
 protected:
  Result release() {
    return host.call("pb.channel/1:release", {{"conversation", {{"id", kAna}, {"kind", "private"}}}});
  }
  std::vector<SeenCall> of(const std::string& verb) {
    return api.of("POST " + std::string(kPage) + "/" + verb + "_thread_control");
  }
  Json process(const std::string& name) {
    const Json given = load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
    const Result result =
        host.call("pb.webhook/1:process", {{"id", "1"}, {"route", "webhook"}}, {given["body"].dump()});
    EXPECT_TRUE(result.ok()) << result.text;
    return result.json["events"];
  }
};

TEST_F(Control, goes_back_to_the_default_app_by_routing) {
  configure({{"bot", "routing"}});
  EXPECT_TRUE(release().ok());
  EXPECT_EQ(of("release").at(0).arguments, Json({{"recipient", {{"id", kAna}}}}));
}

TEST_F(Control, goes_back_to_the_bot_by_the_handover_protocol) {
  configure({{"bot", "handover"}, {"bot_app_id", "987654321"}});
  EXPECT_TRUE(release().ok());
  EXPECT_EQ(of("pass").at(0).arguments,
            Json({{"recipient", {{"id", kAna}}}, {"target_app_id", "987654321"}}));
}

TEST_F(Control, stays_where_there_is_no_bot) {
  configure();
  EXPECT_TRUE(release().ok());
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Control, that_is_another_apps_already_is_as_good_as_given_back) {
  configure({{"bot", "routing"}});
  api.answer("POST " + std::string(kPage) + "/release_thread_control", graph_error(10, 2018300, 403));
  EXPECT_TRUE(release().ok());
  api.answer("POST " + std::string(kPage) + "/release_thread_control", graph_error(2, 0, 500));
  EXPECT_EQ(release().code, PB_UNAVAILABLE);
}

TEST_F(Control, is_told_with_the_page_it_concerns) {
  configure();
  const Json event = process("control_to_us").at(0);
  EXPECT_EQ(event["type"], "conversation.control");
  EXPECT_EQ(event["identity"], "page:104857600001");
  EXPECT_EQ(event["data"]["holder"], "us");
}

TEST_F(Control, of_the_bot_is_told_with_what_it_handles) {
  configure();
  EXPECT_EQ(process("standby_text").at(0)["data"]["handled_by"], "bot");
  EXPECT_FALSE(process("text").at(0)["data"].contains("handled_by"));
}

class Names : public Control {
 protected:
  Names() { configure(); }
};

TEST_F(Names, are_asked_for_once) {
  const Json data = process("text").at(0)["data"];
  EXPECT_EQ(data["author"]["name"], "Ana Klein");
  EXPECT_EQ(data["conversation"]["title"], "Ana Klein");
  process("image");
  EXPECT_EQ(api.calls.size(), 1u);
}

TEST_F(Names, of_another_page_are_not_ours_to_ask_for) {
  const Json events = process("batch");
  ASSERT_EQ(events.size(), 4u);
  EXPECT_TRUE(events[0]["data"]["author"].contains("name"));
  EXPECT_FALSE(events[2]["data"]["author"].contains("name"));
  EXPECT_EQ(api.calls.size(), 1u);
}

TEST_F(Names, that_facebook_does_not_tell_keep_no_message_back) {
  api.answer("GET " + std::string(kAna), graph_error(100, 33));
  EXPECT_FALSE(process("text").at(0)["data"]["author"].contains("name"));
  process("image");
  EXPECT_EQ(api.calls.size(), 1u) << "not asked again for each message";
  host.advance(3'600'001);
  EXPECT_EQ(process("text").at(0)["data"]["author"]["name"], "Ana Klein");
}

// A webhook waits for them.
TEST_F(Names, take_two_seconds_all_together_and_renew_no_token) {
  host.services.on("pb.http/1:fetch", [this](const Request& request) {
    host.advance(1'950);
    return api.serve(request);
  });
  const Json body = load_json(std::filesystem::path(CASES_FOLDER) / "text.json")["body"];
  Json two = body;
  two["entry"][0]["messaging"].push_back(two["entry"][0]["messaging"][0]);
  two["entry"][0]["messaging"][1]["sender"]["id"] = "7777";
  const Result slow = host.call("pb.webhook/1:process", {{"id", "1"}, {"route", "webhook"}}, {two.dump()});
  ASSERT_TRUE(slow.ok()) << slow.text;
  EXPECT_EQ(slow.json["events"].size(), 2u);
  ASSERT_EQ(api.calls.size(), 1u) << "there is no time for the second";
  EXPECT_LE(api.calls.at(0).request["timeout_ms"].get<int>(), 2'000);
  host.advance(24 * 3'600'001);
  api.answer("GET " + std::string(kAna), graph_error(190, 460));
  EXPECT_FALSE(process("text").at(0)["data"]["author"].contains("name"));
  EXPECT_EQ(api.calls.size(), 2u);
  EXPECT_EQ(process("text").at(0)["data"]["author"]["name"], "Ana Klein") << "told with another token";
}

TEST_F(Names, of_those_who_answered_from_the_page_are_left_alone) {
  EXPECT_EQ(process("echo_inbox").at(0)["data"]["author"]["name"], "Page inbox");
  EXPECT_TRUE(api.calls.empty());
}

TEST_F(Names, are_no_reason_to_take_what_is_no_json) {
  const Result result = host.call("pb.webhook/1:process", {{"id", "1"}, {"route", "webhook"}}, {"<xml>"});
  EXPECT_EQ(result.json["text_id"], "messenger.not_json");
}

}  // namespace
}  // namespace messenger
