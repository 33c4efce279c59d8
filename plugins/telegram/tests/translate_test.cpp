#include "translate.hpp"

#include <gtest/gtest.h>

#include <map>

#include "cases.hpp"
#include "words.hpp"

namespace telegram {
namespace {

Json load_case(const std::string& name) {
  return load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
}

Json translated(const std::string& name) {
  return translate(load_case(name)["update"], case_received_at());
}

std::string key_of(const std::string& name) {
  return translated(name).at(0).at("dedupe_key").get<std::string>();
}

class Case : public testing::TestWithParam<std::string> {};

// TG-2, CHAT-12
TEST_P(Case, gives_its_events) {
  const Json expected = load_case(GetParam());
  EXPECT_EQ(translate(expected["update"], case_received_at()), expected["events"]) << expected["name"];
}

// Every event that any damaged update gives is one that the host can take.
void expect_well_formed(const Json& events) {
  for (const Json& event : events) {
    EXPECT_FALSE(event.at("dedupe_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("order_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("data").at("conversation").at("id").get<std::string>().empty());
    if (event["type"] != "message.received" && event["type"] != "message.edited") continue;
    const Json& content = event.at("data").at("message");
    EXPECT_FALSE(content.at("id").get<std::string>().empty());
    const bool speaks = content.contains("text") || content.contains("service") ||
                        content.contains("attachments") || content.contains("location") ||
                        content.contains("contact");
    EXPECT_TRUE(speaks) << content;  // CHAT-12: never silence
  }
}

TEST_P(Case, survives_every_member_being_something_else) {
  const Json update = load_case(GetParam())["update"];
  const Json values = {nullptr, true, -7, 1e300, "x", Json::array({1, "y"}), Json::object({{"id", 1}})};
  const Json leaves = update.flatten();
  for (const auto& [pointer, old] : leaves.items()) {
    for (Json::json_pointer at(pointer); !at.empty(); at.pop_back()) {
      for (const Json& value : values) {
        Json damaged = update;
        damaged[at] = value;
        expect_well_formed(translate(damaged, case_received_at()));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(table, Case, testing::ValuesIn(case_names(CASES_FOLDER)),
                         [](const auto& instance) { return instance.param; });

// CHAT-13
TEST(Keys, tell_every_event_of_the_table_apart) {
  const std::map<std::string, std::string> same = {{"service_migrate_to", "service_migrate_from"}};
  std::map<std::string, std::string> seen;
  for (const std::string& name : case_names(CASES_FOLDER)) {
    if (same.contains(name)) continue;
    for (const Json& event : translated(name)) {
      const auto [at, fresh] = seen.emplace(event["dedupe_key"], name);
      EXPECT_TRUE(fresh) << name << " and " << at->second << ": " << at->first;
    }
  }
}

// Each query is answered, or the button spins; the message is one.
TEST(Keys, tell_presses_apart_that_are_one_message) {
  EXPECT_NE(key_of("press_repeated"), key_of("press"));
  EXPECT_EQ(translated("press_repeated").at(0)["data"]["id"], translated("press").at(0)["data"]["id"]);
}

TEST(Press, stands_before_its_answer_of_the_same_second) {
  const Json update = load_case("press")["update"];
  const Json data = translate(update, "2026-11-21T10:00:00.999Z").at(0)["data"];
  EXPECT_EQ(data["at"], "2026-11-21T10:00:00Z");
  EXPECT_EQ(data["sequence"], update["callback_query"]["message"]["message_id"]);
  EXPECT_EQ(translate(update, "2026-11-21T10:00:00.5+02:00").at(0)["data"]["at"],
            "2026-11-21T10:00:00+02:00");
}

TEST(Keys, are_the_same_for_a_migration_told_in_both_chats) {
  EXPECT_EQ(translated("service_migrate_to").at(1).at("dedupe_key"), key_of("service_migrate_from"));
}

TEST(Keys, do_not_depend_on_when_an_update_was_received) {
  for (const std::string& name : case_names(CASES_FOLDER)) {
    const Json later = translate(load_case(name)["update"], "2026-11-22T00:00:00Z");
    const Json first = translated(name);
    ASSERT_EQ(later.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(later[i]["dedupe_key"], first[i]["dedupe_key"]);
  }
}

TEST(TimeText, knows_leap_days_and_bounds) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(951'782'400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(time_text(-5), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(INT64_MAX), "9999-12-31T23:59:59.807Z");
}

TEST(ByteOfUnit, counts_two_units_beyond_the_basic_plane) {
  EXPECT_EQ(byte_of_unit("a😀b", 1), 1u);
  EXPECT_EQ(byte_of_unit("a😀b", 3), 5u);
  EXPECT_EQ(byte_of_unit("a😀b", 99), 6u);
}

}  // namespace
}  // namespace telegram
