#include "translate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "dialect.hpp"
#include "meta_testing/cases.hpp"
#include "person.hpp"

namespace whatsapp {
namespace {

using meta::case_names;
using meta::case_received_at;
using meta::load_json;

const Arrival& arrival() {
  static const Arrival* const value = new Arrival("106540352242922", case_received_at());
  return *value;
}

Json load_case(const std::string& name) {
  return load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
}

Json translated(const std::string& name) {
  return translate(load_case(name)["body"], arrival());
}

class Case : public testing::TestWithParam<std::string> {};

// WA-5, CHAT-12
TEST_P(Case, gives_its_events) {
  const Json expected = load_case(GetParam());
  EXPECT_EQ(translate(expected["body"], arrival()), expected["events"]) << expected["name"];
}

// Every event that any damaged body gives is one that the host can take.
void expect_well_formed(const Json& events) {
  for (const Json& event : events) {
    EXPECT_FALSE(event.at("dedupe_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("order_key").get<std::string>().empty());
    const Json& data = event.at("data");
    EXPECT_FALSE(data.at("conversation").at("id").get<std::string>().empty());
    const bool is_status = event["type"] == "message.status";
    EXPECT_TRUE(!is_status || !data.at("message_ids").at(0).get<std::string>().empty());
    if (event["type"] != "message.received" && event["type"] != "message.edited") continue;
    const Json& content = data.at("message");
    EXPECT_FALSE(content.at("id").get<std::string>().empty());
    const bool speaks = content.contains("text") || content.contains("service") ||
                        content.contains("attachments") || content.contains("location") ||
                        content.contains("contact");
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
        receipts_in(damaged);
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
  alone["entry"][0]["changes"][0]["value"]["messages"].erase(0);
  const Json all = translate(batch, arrival());
  EXPECT_EQ(translate(alone, arrival()), Json::array({all.at(1), all.at(2)}));
}

TEST(Keys, do_not_depend_on_when_a_body_was_received) {
  for (const std::string& name : case_names(CASES_FOLDER)) {
    const Json later = translate(load_case(name)["body"], Arrival("106540352242922", "2026-11-22T00:00:00Z"));
    const Json first = translated(name);
    ASSERT_EQ(later.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(later[i]["dedupe_key"], first[i]["dedupe_key"]);
  }
}

// Several states of one message are several events.
TEST(Keys, tell_states_apart) {
  std::set<std::string> keys;
  for (const char* name : {"status_sent", "status_delivered", "status_read", "status_window"})
    keys.insert(translated(name).at(0)["dedupe_key"].get<std::string>());
  EXPECT_EQ(keys.size(), 4U);
}

TEST(Receipts, name_our_messages_that_were_taken) {
  EXPECT_EQ(receipts_in(load_case("status_sent")["body"]), Json({{{"key", "9-0"}, {"id", "wamid.out"}}}));
  EXPECT_TRUE(receipts_in(load_case("status_window")["body"]).empty());
  EXPECT_TRUE(receipts_in(load_case("text")["body"]).empty());
}

TEST(Phone, is_digits_of_a_sane_number) {
  EXPECT_EQ(phone_of("4915112345678"), "+4915112345678");
  EXPECT_EQ(phone_of("+4915112345678"), "+4915112345678");
  for (const char* none : {"", "+", "123", "DE.1349", "49 151", "1234567890123456"})
    EXPECT_EQ(phone_of(none), "") << none;
}

// Meta names several people in one webhook: nobody gets the name or the number of another.
TEST(Person, takes_nothing_of_other_contacts) {
  const Json contacts = {{{"wa_id", "4512345678"}, {"user_id", "DK.1"}, {"profile", {{"name", "Bo"}}}},
                         {{"wa_id", "4915112345678"}, {"profile", {{"name", "Ana"}}}}};
  const Person ana = Person::author_of({{"from", "4915112345678"}}, contacts);
  EXPECT_EQ(ana.name, "Ana");
  EXPECT_EQ(ana.user_id, "");
  const Person stranger = Person::author_of({{"from_user_id", "NO.7"}}, contacts);
  EXPECT_EQ(stranger.name, "");
  EXPECT_EQ(stranger.id(), "NO.7");
}

TEST(Reason, is_told_in_both_languages_with_the_cure) {
  const Json reason = reason_of({{{"code", 131056}}});
  EXPECT_NE(reason["en"], reason["ru"]);
  EXPECT_NE(reason_of({{{"code", 131048}}})["en"].get<std::string>().find("(15 min)"), std::string::npos);
  for (const auto& known : dialect().known) {
    const Json said = reason_of({{{"code", known.code}}});
    EXPECT_EQ(said["en"].get<std::string>().find("whatsapp."), std::string::npos) << known.code;
  }
}

}  // namespace
}  // namespace whatsapp
