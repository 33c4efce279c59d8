// The official test suite (Debian's json-schema-test-suite) over the keywords that setup schemas may use.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "schema/schema.hpp"

namespace patchbay::schema {
namespace {

using nlohmann::json;

std::filesystem::path suite() {
  for (const auto* prefix : {"/usr/share", "/usr/local/share"}) {
    auto folder = std::filesystem::path(prefix) / "json-schema-test-suite/tests/draft7";
    if (std::filesystem::exists(folder)) return folder;
  }
  return {};
}

class OfficialSuite : public ::testing::TestWithParam<const char*> {};

TEST_P(OfficialSuite, Agrees) {
  const auto file = suite() / (std::string(GetParam()) + ".json");
  ASSERT_TRUE(std::filesystem::exists(file)) << "install json-schema-test-suite";
  std::ifstream in(file);
  for (const auto& group : json::parse(in)) {
    if (!group.at("schema").is_object()) continue;
    const auto schema = Schema::compile(group.at("schema"), "suite");
    for (const auto& test : group.at("tests")) {
      EXPECT_EQ(schema.check(test.at("data")).empty(), test.at("valid").get<bool>())
          << group.at("description") << ": " << test.at("description");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Draft7, OfficialSuite,
                         ::testing::Values("additionalProperties", "allOf", "anyOf", "const", "contains",
                                           "default", "dependencies", "enum", "exclusiveMaximum",
                                           "exclusiveMinimum", "if-then-else", "items", "maxItems",
                                           "maxLength", "maxProperties", "maximum", "minItems", "minLength",
                                           "minProperties", "minimum", "multipleOf", "not", "oneOf",
                                           "pattern", "patternProperties", "properties", "propertyNames",
                                           "required", "type", "uniqueItems"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace patchbay::schema
