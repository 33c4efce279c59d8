#include "outbox/channels.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::outbox {
namespace {

using nlohmann::json;

constexpr const char* kChannel =
    R"({"files_setting": "/own/files", "limits": {"reply": true, "files": {"image": {"max_bytes": 5, "types": ["a/b"]}}}})";

json files_with(const std::string& settings) {
  return json::parse(with_own_files(kChannel, settings)).at("limits").at("files");
}

// WA-3, CHAT-21
TEST(OwnFiles, count_instead_of_those_of_the_manifest) {
  const auto files = files_with(R"({"own": {"files": {"document": {"max_bytes": 7, "types": ["c/d"]}}}})");
  EXPECT_EQ(files, json::parse(R"({"document": {"max_bytes": 7, "types": ["c/d"]}})"));
  EXPECT_EQ(json::parse(with_own_files(kChannel, R"({"own": {"files": {"a": {}}}})"))["limits"]["reply"],
            true);
}

TEST(OwnFiles, are_those_of_the_manifest_where_nothing_is_filled_in) {
  for (const char* settings :
       {"{}", "", R"({"own": {}})", R"({"own": {"files": {}}})", R"({"own": {"files": 7}})"})
    EXPECT_TRUE(files_with(settings).contains("image")) << settings;
  EXPECT_EQ(with_own_files("", R"({"own": {"files": {"a": {}}}})"), "");
  EXPECT_EQ(with_own_files(R"({"limits": {}})", "{}"), R"({"limits": {}})");
}

}  // namespace
}  // namespace patchbay::outbox
