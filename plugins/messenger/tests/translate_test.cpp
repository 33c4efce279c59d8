#include "translate.hpp"

#include <gtest/gtest.h>

#include <map>

#include "meta_testing/cases.hpp"
#include "words.hpp"

namespace messenger {
namespace {

using meta::case_names;
using meta::case_received_at;
using meta::load_json;

const Arrival& arrival() {
  static const Arrival* const value = new Arrival("123456789", case_received_at());
  return *value;
}

Json load_case(const std::string& name) {
  return load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
}

Json translated(const std::string& name) {
  return translate(load_case(name)["body"], arrival());
}

class Case : public testing::TestWithParam<std::string> {};

// FB-3, CHAT-12
TEST_P(Case, gives_its_events) {
  const Json expected = load_case(GetParam());
  EXPECT_EQ(translate(expected["body"], arrival()), expected["events"]) << expected["name"];
}

// Every event that any damaged body gives is one that the host can take.
void expect_well_formed(const Json& events) {
  for (const Json& event : events) {
    EXPECT_FALSE(event.at("dedupe_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("order_key").get<std::string>().empty());
    EXPECT_GT(event.at("identity").get<std::string>().size(), std::string("page:").size());
    const Json& data = event.at("data");
    EXPECT_FALSE(data.at("conversation").at("id").get<std::string>().empty());
    const bool names = data.contains("up_to") || !data.value("message_ids", Json::array()).empty();
    EXPECT_TRUE(names || event["type"] != "message.status") << data;
    if (event["type"] != "message.received" && event["type"] != "message.edited") continue;
    const Json& content = data.at("message");
    EXPECT_FALSE(content.at("id").get<std::string>().empty());
    const bool speaks = content.contains("text") || content.contains("service") ||
                        content.contains("attachments") || content.contains("location");
    EXPECT_TRUE(speaks) << content;  // CHAT-12: never silence
  }
}

TEST_P(Case, survives_every_member_being_something_else) {
  const Json body = load_case(GetParam())["body"];
  const Json values = {nullptr, true, -7, 1e300, "x", Json::array({1, "y"}), Json::object({{"id", 1}})};
  const Json leaves = body.flatten();
  for (const auto& [pointer, old] : leaves.items()) {
    for (Json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
      for (const Json& value : values) {
        Json damaged = body;
        damaged[at] = value;
        expect_well_formed(translate(damaged, arrival()));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(table, Case, testing::ValuesIn(case_names(CASES_FOLDER)),
                         [](const auto& instance) { return instance.param; });

// CHAT-13: a retry is batched anew, and its parts are the same events.
TEST(Keys, are_the_same_whatever_else_a_body_holds) {
  const Json batch = load_case("batch")["body"];
  Json alone = batch;
  alone["entry"].erase(1);
  alone["entry"][0]["messaging"].erase(0);
  const Json all = translate(batch, arrival());
  EXPECT_EQ(translate(alone, arrival()), Json::array({all.at(1)}));
}

TEST(Keys, do_not_depend_on_when_a_body_was_received) {
  for (const std::string& name : case_names(CASES_FOLDER)) {
    const Json later = translate(load_case(name)["body"], Arrival("123456789", "2026-11-22T00:00:00Z"));
    const Json first = translated(name);
    ASSERT_EQ(later.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(later[i]["dedupe_key"], first[i]["dedupe_key"]);
  }
}

// The table writes one message as many kinds; what is told with the same key must be the same thing.
TEST(Keys, tell_kinds_apart) {
  std::map<std::string, std::string> types;
  for (const std::string& name : case_names(CASES_FOLDER)) {
    for (const Json& event : translated(name)) {
      const auto [at, fresh] = types.emplace(event["dedupe_key"], event["type"]);
      EXPECT_EQ(at->second, event["type"]) << name;
    }
  }
}

// FB-3: the window is counted from what a client did, never from what others wrote.
TEST(Window, is_opened_by_clients_alone) {
  EXPECT_TRUE(translated("text").at(0)["data"]["conversation"].contains("facts"));
  EXPECT_TRUE(translated("reaction").at(0)["data"]["conversation"].contains("facts"));
  for (const char* name : {"echo_inbox", "echo_bot", "read", "delivery", "control_to_us", "edit"})
    EXPECT_FALSE(translated(name).at(0)["data"]["conversation"].contains("facts")) << name;
}

TEST(FileName, is_the_last_part_of_the_path) {
  EXPECT_EQ(file_name_of("https://cdn.example/v/M%C3%A4rz.pdf?x=/1"), "März.pdf");
  EXPECT_EQ(file_name_of("https://cdn.example"), "");
  EXPECT_EQ(file_name_of("https://cdn.example/a%2"), "a%2");
  EXPECT_EQ(file_name_of("nonsense"), "");
}

}  // namespace
}  // namespace messenger
