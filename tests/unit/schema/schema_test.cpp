#include "schema/schema.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "schema/nearest.hpp"

namespace patchbay::schema {
namespace {

using nlohmann::json;

const json kDocument = json::parse(R"({
  "type": "object", "additionalProperties": false, "required": ["token"],
  "properties": {
    "token": {"type": "string", "x-secret": true, "pattern": "^[0-9]+:[A-Za-z0-9]+$", "description": "From the provider"},
    "mode": {"type": "string", "enum": ["webhook", "polling"], "default": "webhook"},
    "listen": {"type": "object", "additionalProperties": false,
               "properties": {"address": {"type": "string"}, "port": {"type": "integer", "maximum": 65535, "default": 8420}}},
    "folders": {"type": "array", "items": {"type": "string"}}}})");

Diagnostic only(const char* value) {
  const auto found = Schema::compile(kDocument, "test").check(json::parse(value));
  EXPECT_EQ(found.size(), 1u) << value;
  return found.empty() ? Diagnostic("", Text()) : found.front();
}

TEST(Schema, PointsAtTheFieldAndSaysWhatIsWrong) {  // SETUP-2
  EXPECT_EQ(only(R"({})").path, "/token");
  EXPECT_EQ(only(R"({"token": 5})").summary.english(), "The value must be of type string");
  EXPECT_EQ(only(R"({"token": "1:a", "mode": "x"})").summary.english(),
            "The value must be one of: webhook, polling");
  EXPECT_EQ(only(R"({"token": "abc"})").remedy.english(), "From the provider");
  EXPECT_EQ(only(R"({"token": "1:a", "listen": {"port": 70000}})").path, "/listen/port");
  EXPECT_EQ(only(R"({"token": "1:a", "folders": ["x", 7]})").path, "/folders/1");
}

TEST(Schema, NamesTheNearestKey) {
  const auto found = only(R"({"token": "1:a", "listen": {"prt": 1}})");
  EXPECT_EQ(found.path, "/listen/prt");
  EXPECT_EQ(found.remedy.english(), "Did you mean port?");
}

TEST(Schema, NamesEveryUnknownKey) {
  const auto found =
      Schema::compile(kDocument, "test").check(json::parse(R"({"token": "1:a", "qqqq": 1, "wwww": 2})"));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].path, "/qqqq");
  EXPECT_EQ(found[1].remedy.english(), "Known are: folders, listen, mode, token");
}

TEST(Schema, FindsSecretsAndFillsDefaults) {
  const auto schema = Schema::compile(kDocument, "test");
  EXPECT_EQ(schema.secrets(), std::vector<std::string>{"/token"});
  const auto filled = schema.with_defaults(json::parse(R"({"listen": {}})"));
  EXPECT_EQ(filled.at("mode"), "webhook");
  EXPECT_EQ(filled.at("listen").at("port"), 8420);
}

TEST(Schema, RefusesWhatIsNoSchema) {  // HOST-3
  for (const auto* bad :
       {R"([])", R"({"properties": 7})", R"({"properties": {"a": {"type": "strng"}}})",
        R"({"properties": {"a": {"pattern": "("}}})", R"({"$ref": "#"})",
        R"({"$ref": "https://elsewhere/schema"})", R"({"$ref": "#/definitions/none"})",
        R"({"$ref": "#/definitions/~"})", R"({"properties": {"a": {"$ref": 1}}})",
        R"({"properties": {"a": {"type": "string", "x-secret": "yes"}}})",
        R"({"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}})"}) {
    EXPECT_THROW(Schema::compile(json::parse(bad), "setup.json"), Error) << bad;
  }
}

TEST(Schema, SurvivesAStringThatWouldOverflowTheRegex) {
  const json value = {{"token", "1:" + std::string(1 << 20, 'a')}};
  const auto found = Schema::compile(kDocument, "test").check(value);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].path, "/token");
}

TEST(Nearest, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest("tokne", {"token", "mode"}), "token");
  EXPECT_EQ(nearest("zebra", {"token", "mode"}), "");
}

TEST(Schema, RefusesASecretThatWouldBeStoredInClear) {  // ACC-4
  const char* hidden[] = {
      R"({"type": "object", "properties": {"token": {"$ref": "#/definitions/t"}}, "definitions": {"t": {"x-secret": true}}})",
      R"({"type": "object", "properties": {"list": {"type": "array", "items": {"x-secret": true}}}})",
      R"({"type": "object", "allOf": [{"properties": {"token": {"x-secret": true}}}]})",
      R"({"type": "string", "x-secret": true})"};
  for (const auto* text : hidden) {
    try {
      Schema::compile(json::parse(text), "setup.json");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("x-secret at "), std::string::npos) << error.what();
    }
  }
  const auto fine = Schema::compile(
      json::parse(R"({"properties": {"a": {"properties": {"b/c": {"x-secret": true}}}, "x-secret": {}}})"),
      "s");
  EXPECT_EQ(fine.secrets().size(), 1u);
}

}  // namespace
}  // namespace patchbay::schema
