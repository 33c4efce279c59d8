#include "translate.hpp"

#include <gtest/gtest.h>

#include "cases.hpp"

namespace webchat {
namespace {

Arrival visitor() {
  return Arrival("3sessionAbCd", "2026-11-30T10:00:00Z", "7294018435612672");
}

Json load_case(const std::string& name) {
  return load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
}

class Case : public testing::TestWithParam<std::string> {};

// CHAT-12, CHAT-30
TEST_P(Case, gives_its_events) {
  const Json expected = load_case(GetParam());
  const Translation found = translate(expected["frame"], visitor());
  EXPECT_EQ(Json(found.events), expected["events"]);
  EXPECT_EQ(found.notice, expected.value("notice", Json()));
}

// Whatever a stranger sends: an event that the host can take, under the stranger's own session.
void expect_well_formed(const Translation& translation) {
  for (const Json& event : translation.events) {
    EXPECT_EQ(event.at("order_key"), "3sessionAbCd");
    EXPECT_EQ(event.at("data").at("conversation").at("id"), "3sessionAbCd");
    EXPECT_EQ(event.at("dedupe_key").get<std::string>().rfind("3sessionAbCd/", 0), 0u) << event;
    for (const Json& id : event["data"].value("message_ids", Json::array()))
      EXPECT_EQ(id.get<std::string>().rfind("3sessionAbCd/", 0), 0u) << event;
  }
}

TEST_P(Case, survives_every_member_being_something_else) {
  const Json frame = load_case(GetParam())["frame"];
  const Json values = {nullptr,
                       true,
                       -7,
                       "",
                       "x/y",
                       std::string(70'000, 'x'),
                       Json::array({1, "y"}),
                       Json::object({{"id", 1}})};
  const Json leaves = frame.flatten();
  for (const auto& [pointer, old] : leaves.items()) {
    for (Json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
      for (const Json& value : values) {
        Json damaged = frame;
        damaged[at] = value;
        expect_well_formed(translate(damaged, visitor()));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(table, Case, testing::ValuesIn(case_names(CASES_FOLDER)),
                         [](const auto& instance) { return instance.param; });

// CHAT-13
TEST(Keys, are_of_the_session_so_that_two_visitors_may_use_the_same) {
  const Json frame = {{"type", "message"}, {"id", "m1"}, {"text", "Hello"}};
  const Arrival other("4another", "2026-11-30T10:00:00Z", "1");
  EXPECT_NE(translate(frame, visitor()).events.at(0)["dedupe_key"],
            translate(frame, other).events.at(0)["dedupe_key"]);
}

TEST(Frames, that_the_widget_does_not_send_are_told_to_the_page) {
  EXPECT_EQ(translate({{"type", "paint"}, {"id", "m1"}}, visitor()).notice["reason"], "unknown");
  const Json novel = {{"type", "message"}, {"id", "m1"}, {"text", std::string(16'001, 'x')}};
  EXPECT_EQ(translate(novel, visitor()).notice["reason"], "text_long");
  EXPECT_EQ(translate({{"type", "message"}, {"id", "m1"}, {"text", " \n"}}, visitor()).notice["reason"],
            "text_empty");
}

TEST(Frames, without_a_session_or_an_id_are_nothing) {
  const Json frame = {{"type", "message"}, {"id", "m1"}, {"text", "Hello"}};
  EXPECT_TRUE(translate(frame, Arrival("", "2026-11-30T10:00:00Z", "1")).events.empty());
  for (const Json& id : {Json("a/b"), Json(""), Json(5), Json(std::string(65, 'a'))}) {
    const Json foreign = {{"type", "message"}, {"id", id}, {"text", "Hello"}};
    EXPECT_TRUE(translate(foreign, visitor()).events.empty()) << id;
    EXPECT_TRUE(translate(foreign, visitor()).notice.is_null()) << id;
  }
}

}  // namespace
}  // namespace webchat
