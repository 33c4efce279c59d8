#include "schema/vocabulary.hpp"

#include <gtest/gtest.h>

#include "schema/schema.hpp"

namespace patchbay::schema {
namespace {

using nlohmann::json;

const json kForm = json::parse(R"({
  "type": "object", "additionalProperties": false, "required": ["mode", "token", "phrase"],
  "x-groups": [{"id": "main", "title": "Main"}],
  "properties": {
    "token": {"type": "string", "x-order": 2, "x-group": "main", "x-help-url": "https://x.example"},
    "mode": {"type": "string", "enum": ["full", "short"], "x-order": 1},
    "phrase": {"type": "string", "x-when": {"setting": "/mode", "equals": ["full", "loud"]}},
    "server": {"type": "object", "required": ["host"], "properties": {"host": {"type": "string"}, "port": {"type": "integer"}}}
  }})");

std::string why_not(const char* path, const json& value) {
  auto form = kForm;
  form[json::json_pointer(path)] = value;
  try {
    check_vocabulary(form, "setup.json");
  } catch (const Error& error) {
    return error.diagnostics().front().path + ": " + error.diagnostics().front().summary.english();
  }
  return "";
}

TEST(Vocabulary, IsCheckedWhereItStands) {  // SETUP-1, HOST-3
  EXPECT_NO_THROW(check_vocabulary(kForm, "setup.json"));
  EXPECT_EQ(why_not("/properties/token/x-ordr", 3).rfind("/properties/token/x-ordr", 0), 0u);
  EXPECT_EQ(why_not("/properties/token/x-order", "first").rfind("/properties/token/x-order", 0), 0u);
  EXPECT_EQ(why_not("/properties/token/x-group", "other").rfind("/properties/token/x-group", 0), 0u);
  EXPECT_EQ(
      why_not("/properties/phrase/x-when/setting", "/mod").rfind("/properties/phrase/x-when/setting", 0), 0u);
  EXPECT_EQ(why_not("/properties/token/x-help-url", "http://plain.example")
                .rfind("/properties/token/x-help-url", 0),
            0u);
  EXPECT_NE(why_not("/properties/server/x-groups", json::array({{{"id", "a"}, {"title", "A"}}})), "");
}

TEST(Vocabulary, AsksInOrderForWhatIsWanted) {  // SETUP-1
  std::vector<std::string> asked;
  for (const auto& field : fields(kForm, json::object()))
    asked.push_back(field.pointer + (field.required ? "!" : ""));
  EXPECT_EQ(asked, (std::vector<std::string>{"/mode!", "/token!", "/server/host", "/server/port"}));
  const auto more = fields(kForm, {{"mode", "full"}});
  ASSERT_EQ(more.size(), 5u);
  EXPECT_EQ(more[2].pointer, "/phrase");
  EXPECT_TRUE(more[2].required);
}

TEST(Vocabulary, WhatIsNotAskedForIsNotMissed) {  // SETUP-2
  const auto check = [](const json& value, Completeness completeness) {
    return Schema::compile(effective(kForm, value, completeness), "form").check(value).size();
  };
  EXPECT_EQ(check({{"mode", "short"}, {"token", "t"}}, Completeness::whole), 0u);
  EXPECT_EQ(check({{"mode", "full"}, {"token", "t"}}, Completeness::whole), 1u);
  EXPECT_EQ(check({{"mode", "short"}}, Completeness::whole), 1u);
  EXPECT_EQ(check({{"mode", "short"}}, Completeness::draft), 0u);
  EXPECT_EQ(check({{"server", json::object()}}, Completeness::draft), 0u);
  EXPECT_NE(check({{"mode", 7}}, Completeness::draft), 0u);
  EXPECT_EQ(check({{"mood", "short"}}, Completeness::draft), 1u);
}

TEST(Vocabulary, SpeaksOtherLanguages) {
  const auto form = translated(kForm, "setup",
                               {{"setup.token.title", "Токен"},
                                {"setup.server.host.description", "Имя"},
                                {"setup.mode.value.full", "Полный"},
                                {"setup.group.main.title", "Главное"}});
  EXPECT_EQ(form.at("/properties/token/title"_json_pointer), "Токен");
  EXPECT_EQ(form.at("/properties/server/properties/host/description"_json_pointer), "Имя");
  EXPECT_EQ(form.at("/properties/mode/x-titles/full"_json_pointer), "Полный");
  EXPECT_EQ(form.at("/x-groups/0/title"_json_pointer), "Главное");
}

}  // namespace
}  // namespace patchbay::schema
