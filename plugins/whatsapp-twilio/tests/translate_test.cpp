#include "translate.hpp"

#include <gtest/gtest.h>

#include <map>

#include "cases.hpp"
#include "codes.hpp"
#include "content.hpp"
#include "times.hpp"
#include "vcard.hpp"

namespace twilio {
namespace {

Json load_case(const std::string& name) {
  return load_json(std::filesystem::path(CASES_FOLDER) / (name + ".json"));
}

Json events_of(const Json& one, const std::string& received_at = case_received_at()) {
  return translated(one.at("route"), form_of(one.at("form")), received_at);
}

class Case : public testing::TestWithParam<std::string> {};

// WA-2, CHAT-12
TEST_P(Case, gives_its_events) {
  const Json expected = load_case(GetParam());
  EXPECT_EQ(events_of(expected), expected.at("events")) << expected.at("name");
}

void expect_well_formed(const Json& events) {
  for (const Json& event : events) {
    EXPECT_FALSE(event.at("dedupe_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("order_key").get<std::string>().empty());
    EXPECT_FALSE(event.at("data").at("conversation").at("id").get<std::string>().empty());
    if (event["type"] != "message.received") continue;
    const Json& content = event.at("data").at("message");
    const bool speaks = content.contains("text") || content.contains("service") ||
                        content.contains("attachments") || content.contains("location");
    EXPECT_TRUE(speaks) << content;  // CHAT-12: never silence
  }
}

TEST_P(Case, survives_every_field_being_something_else) {
  const Json one = load_case(GetParam());
  for (const auto& [name, old] : one.at("form").items()) {
    for (const char* value : {"", "+", "whatsapp:", "-1e999", "\xff\xfe", "63014", "+49"}) {
      Form form;
      for (const auto& [key, kept] : one.at("form").items())
        form.add(key, key == name ? value : kept.get<std::string>());
      expect_well_formed(translated(one.at("route"), form));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(table, Case, testing::ValuesIn(case_names(CASES_FOLDER)),
                         [](const auto& instance) { return instance.param; });

// CHAT-13
TEST(Keys, tell_every_event_of_the_table_apart) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : case_names(CASES_FOLDER)) {
    for (const Json& event : events_of(load_case(name))) {
      const auto [at, fresh] = seen.emplace(event["dedupe_key"], name);
      EXPECT_TRUE(fresh) << name << " and " << at->second << ": " << at->first;
    }
  }
}

TEST(Keys, do_not_depend_on_when_a_request_was_received) {
  for (const std::string& name : case_names(CASES_FOLDER)) {
    const Json first = events_of(load_case(name));
    const Json later = events_of(load_case(name), "2026-11-22T00:00:00Z");
    ASSERT_EQ(later.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i) EXPECT_EQ(later[i]["dedupe_key"], first[i]["dedupe_key"]);
  }
}

// Webhook and list tell of the same message (WA-1: repair by asking).
TEST(Keys, are_those_of_the_webhook_for_a_message_of_the_list) {
  Form webhook;
  webhook.add("MessageSid", "SM1").add("From", "whatsapp:+491").add("Body", "a").add("ProfileName", "Ana");
  Form listed;
  listed.add("MessageSid", "SM1").add("From", "whatsapp:+491").add("Body", "a");
  EXPECT_EQ(translated("message", webhook)[0]["dedupe_key"], translated("message", listed)[0]["dedupe_key"]);
  EXPECT_EQ(translated("message", webhook)[0]["order_key"], translated("message", listed)[0]["order_key"]);
}

TEST(Rfc2822, is_read_with_its_zone) {
  EXPECT_EQ(parse_rfc2822("Tue, 24 Nov 2026 08:00:00 +0000"), 1'795'507'200'000);
  EXPECT_EQ(parse_rfc2822("Tue, 24 Nov 2026 10:00:00 +0200"), 1'795'507'200'000);
  EXPECT_EQ(parse_rfc2822("24 Nov 2026 03:30:00 -0430"), 1'795'507'200'000);
  EXPECT_EQ(whole_seconds(1'795'507'200'999), "2026-11-24T08:00:00Z");
}

TEST(Rfc2822, is_nothing_where_it_is_no_date) {
  for (const char* text :
       {"", "Tue", "Tue, 31 Feb 2026 08:00:00 +0000", "Tue, 24 Foo 2026 08:00:00 +0000",
        "Tue, 24 ovD 2026 08:00:00 +0000", "Tue, 24 Nov 2026 25:00:00 +0000", "Tue, 24 Nov 2026 08:00:00",
        "Tue, 24 Nov 2026 08:00:00 +9900", "2026-11-24T08:00:00Z"})
    EXPECT_EQ(parse_rfc2822(text), std::nullopt) << text;
}

TEST(Form, is_read_as_it_was_written) {
  Form form;
  form.add("a b", "1+1=2 & ü").add("a b", "second").add_if("none", "");
  const Form read = Form::parse(form.encoded());
  EXPECT_EQ(read.text("a b"), "1+1=2 & ü");
  EXPECT_FALSE(read.has("none"));
  EXPECT_EQ(Form::parse("a=%zz&&b&=c&d=%4").text("a"), "%zz");
  EXPECT_EQ(Form::parse("d=%4").text("d"), "%4");
  EXPECT_EQ(Form::parse("a=1+2").text("a"), "1 2");
}

TEST(Contact, is_read_from_cards_of_every_age) {
  EXPECT_EQ(contact_in("BEGIN:VCARD\nn:Hansen;Bo\ntel:+45\nEND:VCARD\nBEGIN:VCARD\nEMAIL:x@y\nEND:VCARD"),
            Json({{"name", "Bo Hansen"}, {"phone", "+45"}}));
  EXPECT_EQ(contact_in("FN:Line\\none\nTEL:1\nTEL:2"), Json({{"name", "Line one"}, {"phone", "1"}}));
  EXPECT_EQ(contact_in("N:Hansen"), Json({{"name", "Hansen"}}));
  for (const char* nobody : {"", " folded", "FN", "FN:", ":", "BEGIN:VCARD\nEND:VCARD", "\\"})
    EXPECT_EQ(contact_in(nobody), Json()) << nobody;
}

TEST(CodeText, quotes_words_of_outside_in_one_line_that_ends) {
  EXPECT_EQ(CodeText(1, "a\nb").args["description"], "a b");
  const std::string longest = CodeText(1, std::string(299, 'x') + "яяя").args["description"];
  EXPECT_EQ(longest, std::string(299, 'x') + "…");
  EXPECT_EQ(CodeText(63030, "x").id, "twilio.refused");
  EXPECT_EQ(CodeText(12300, "x").id, "twilio.code.21620");
}

}  // namespace
}  // namespace twilio
