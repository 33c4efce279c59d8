// What plugins read, say and cut: patchbay/read.hpp, texts.hpp, words.hpp.
#include <gtest/gtest.h>

#include <patchbay/read.hpp>
#include <patchbay/texts.hpp>
#include <patchbay/words.hpp>

namespace patchbay {
namespace {

constexpr BuiltIn kFiles[] = {
    {"locales/en.json", R"({"a.wait":"Wait {seconds} s, {seconds}","a.wait.remedy":"Be patient"})"},
    {"locales/ru.json", R"({"a.wait":"Подождите {seconds} с"})"},
    {"schema/setup.json", R"({"type":"object"})"}};

}  // namespace

const BuiltIn* const kBuiltIn = kFiles;
const std::size_t kBuiltInCount = 3;

namespace {

TEST(Read, takes_anything_and_reads_what_is_there) {
  const Json given = {{"text", "a"},  {"number", 7}, {"written", "12"}, {"huge", UINT64_MAX},
                      {"flag", true}, {"list", {1}}, {"none", nullptr}};
  EXPECT_EQ(text_of(given, "text"), "a");
  EXPECT_EQ(text_of(given, "number"), "");
  EXPECT_EQ(number_of(given, "number"), 7);
  EXPECT_EQ(number_of(given, "written"), 12);
  EXPECT_EQ(number_of(given, "text"), std::nullopt);
  EXPECT_EQ(number_of(given, "huge"), std::nullopt);
  EXPECT_EQ(id_of(given, "number"), "7");
  EXPECT_EQ(id_of(given, "text"), "a");
  EXPECT_EQ(id_of(given, "list"), "");
  EXPECT_TRUE(flag_of(given, "flag"));
  EXPECT_FALSE(flag_of(given, "text"));
  EXPECT_EQ(list_of(given, "list").size(), 1U);
  EXPECT_TRUE(list_of(given, "text").empty());
  EXPECT_FALSE(has(given, "none"));
  EXPECT_TRUE(member(Json(3), "x").is_null());
}

TEST(Read, puts_only_what_is_not_empty) {
  Json object = Json::object();
  put(object, "a", std::string());
  put(object, "b", std::optional<std::int64_t>());
  put(object, "c", std::string("x"));
  EXPECT_EQ(object, Json({{"c", "x"}}));
}

TEST(Texts, come_from_the_catalogues) {
  EXPECT_EQ(english("a.wait", {{"seconds", 3}}), "Wait 3 s, 3");
  EXPECT_EQ(in_all_languages("a.wait", {{"seconds", "3"}})["ru"], "Подождите 3 с");
  EXPECT_EQ(english("a.unknown"), "a.unknown");
  EXPECT_FALSE(is_text("a.unknown"));
  EXPECT_EQ(built_in("schema/setup.json")["type"], "object");
  EXPECT_TRUE(built_in("schema/other.json").is_null());
}

TEST(Texts, make_errors_and_findings_that_name_them) {
  const Error error = failure(PB_RATE_LIMITED, "a.wait", {{"seconds", 3}});
  EXPECT_EQ(error.text, "Wait 3 s, 3");
  EXPECT_EQ(error.text_id, "a.wait");
  EXPECT_EQ(finding("/x", "a.wait", {{"seconds", 3}}).remedy, "Be patient");
  EXPECT_EQ(finding("/x", "a.wait.remedy").remedy, "");
}

TEST(TimeText, knows_leap_days_and_bounds) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(951'782'400'000), "2000-02-29T00:00:00Z");
  EXPECT_EQ(time_text(-5), "1970-01-01T00:00:00Z");
  EXPECT_EQ(time_text(INT64_MAX), "9999-12-31T23:59:59.999Z");
}

TEST(Times, are_read_as_they_are_written) {
  for (const std::int64_t time : {0LL, 951'782'400'000LL, 1'795'224'000'987LL})
    EXPECT_EQ(unix_ms_of(time_text(time)), time);
  EXPECT_EQ(unix_ms_of("1970-01-01T00:00:01.5Z"), 1'500);
  for (const char* none : {"", "Z", "1970-01-01", "1970-02-30T00:00:00Z", "1970-01-01T25:00:00Z",
                           "1970-01-01T00:00:00", "1970-01-01T00:00:00+02:00", "1970-01-01T00:00:00.xZ"})
    EXPECT_EQ(unix_ms_of(none), std::nullopt) << none;
}

TEST(Excerpt, counts_characters_and_cuts_none_in_two) {
  EXPECT_EQ(excerpt("äöü", 3), "äöü");
  EXPECT_EQ(excerpt("äöü😀", 3), "äö…");
  EXPECT_EQ(excerpt("", 3), "");
}

TEST(Words, are_counted_and_put_on_lines) {
  EXPECT_EQ(length_of("äö😀"), 3U);
  EXPECT_TRUE(is_blank(" \t\n"));
  std::string text;
  add_line(text, "");
  add_line(text, "a");
  add_line(text, "b");
  EXPECT_EQ(text, "a\nb");
}

}  // namespace
}  // namespace patchbay
