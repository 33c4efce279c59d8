#include "using.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "cases.hpp"
#include "codes.hpp"

namespace twilio {
namespace {

Json plugin_file(const std::string& path) {
  return load_json(std::string(PLUGIN_FOLDER) + "/" + path);
}

std::multiset<std::string> places(const std::string& words) {
  const std::regex place("\\{\\w+\\}");
  return {std::sregex_token_iterator(words.begin(), words.end(), place), std::sregex_token_iterator()};
}

TEST(Texts, of_the_form_are_in_the_english_catalogue) {
  const Json catalogue = plugin_file("locales/en.json");
  const Json schema = plugin_file("schema/setup.json");
  for (const auto& [name, property] : schema["properties"].items()) {
    EXPECT_EQ(catalogue.value("setup." + name + ".title", ""), property["title"]);
    EXPECT_EQ(catalogue.value("setup." + name + ".description", ""), property["description"]);
  }
}

TEST(Texts, have_a_russian_form_with_the_same_places) {
  const Json english_words = plugin_file("locales/en.json");
  const Json russian_words = plugin_file("locales/ru.json");
  EXPECT_EQ(english_words.size(), russian_words.size());
  for (const auto& [id, words] : english_words.items())
    EXPECT_EQ(places(words), places(russian_words.value(id, ""))) << id;
}

TEST(Texts, of_every_code_are_there_with_a_cure) {
  for (int code = 10'000; code < 70'000; ++code) {
    const CodeText text(code, "x");
    ASSERT_TRUE(is_text(text.id)) << code;
    ASSERT_TRUE(is_text(text.id + ".remedy")) << code;
  }
}

// What the host reads for order and duplicates is what events are ordered by.
TEST(Manifest, orders_requests_by_the_person) {
  const Json manifest = plugin_file("plugin.json");
  EXPECT_EQ(manifest["routes"][0]["order"], Json::array({"form:From"}));
  EXPECT_EQ(manifest["routes"][0]["dedupe"], Json::array({"form:MessageSid"}));
  EXPECT_EQ(manifest["routes"][1]["order"], Json::array({"form:To"}));
  EXPECT_FALSE(manifest["routes"][1].contains("dedupe")) << "one message has several states";
  EXPECT_EQ(manifest["routes"][0]["verify"], manifest["routes"][1]["verify"]);
}

}  // namespace
}  // namespace twilio
