#include "hooks/json_paths.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/error.hpp"

namespace patchbay::hooks {
namespace {

std::map<std::size_t, std::string> scan(std::vector<std::string> pointers, std::string_view text) {
  std::map<std::size_t, std::string> found;
  JsonPaths(pointers).scan(text, [&](std::size_t index, std::string value, JsonPaths::Kind) {
    found.emplace(index, std::move(value));
    return true;
  });
  return found;
}

using Found = std::map<std::size_t, std::string>;

TEST(JsonPaths, FindsScalarsOfEveryKind) {
  EXPECT_EQ(scan({"/a/b", "/c/1", "/d", "/e"}, R"({"a":{"b":"x\u00e9"},"c":[1,-7],"d":1.50,"e":true})"),
            (Found{{0, "x\xc3\xa9"}, {1, "-7"}, {2, "1.50"}, {3, "true"}}));
}

TEST(JsonPaths, KeepsNumbersThatAreTooLongForAnInteger) {
  EXPECT_EQ(scan({"/id"}, R"({"id":123456789012345678901234567890})"),
            (Found{{0, "123456789012345678901234567890"}}));
}

TEST(JsonPaths, TakesEscapedTokensAndSharedBeginnings) {
  EXPECT_EQ(scan({"/a~1b/~0", "/a~1b", "/a~1b/c"}, R"({"a/b":{"~":1,"c":2}})"), (Found{{0, "1"}, {2, "2"}}));
}

TEST(JsonPaths, NullAndContainersAreNotThere) {
  EXPECT_EQ(scan({"/a", "/b", "/c"}, R"({"a":null,"b":{"c":1},"c":[1]})"), Found{});
}

TEST(JsonPaths, DoesNotMistakeDeeperKeysForOuterOnes) {
  EXPECT_EQ(scan({"/id"}, R"({"x":{"id":1},"y":[{"id":2}],"id":3})"), (Found{{0, "3"}}));
}

TEST(JsonPaths, KeepsWhatStoodBeforeTheBreak) {
  EXPECT_EQ(scan({"/a", "/b"}, R"({"a":1,"b":)"), (Found{{0, "1"}}));
  EXPECT_EQ(scan({"/a"}, ""), Found{});
}

TEST(JsonPaths, StopsWhenTold) {
  int calls = 0;
  JsonPaths({"/a"}).scan(R"({"a":1,"a":2})", [&](auto, auto, auto) { return ++calls > 1; });
  EXPECT_EQ(calls, 1);
}

TEST(JsonPaths, SurvivesDeepNesting) {
  EXPECT_EQ(scan({"/a"}, std::string(200'000, '[')), Found{});
}

TEST(JsonPaths, RefusesWhatIsNoPointer) {
  for (const char* bad : {"", "a", "/a~", "/a~2"}) EXPECT_THROW(JsonPaths({bad}), Error) << bad;
  EXPECT_THROW(JsonPaths({"/a/*", "/a/b"}, true), Error);
}

bool all_good(std::string_view text) {
  return JsonPaths({"/value/*/state"}, true).all_of(text, [](const std::string& value) {
    return value == "good";
  });
}

TEST(JsonPaths, AllOfWantsEveryElementToHaveTheValue) {
  EXPECT_TRUE(all_good(R"({"value":[{"state":"good","x":1},{"state":"good"}],"other":[1]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"},{"state":"bad"}]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"},{}]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"},3]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"},null]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":["good"]}]})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good","state":1}]})"));
}

TEST(JsonPaths, AllOfWantsAWholeDocumentWithAtLeastOneMatch) {
  EXPECT_FALSE(all_good(R"({"value":[]})"));
  EXPECT_FALSE(all_good(R"({})"));
  EXPECT_FALSE(all_good(""));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"}])"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"}]} x)"));
  EXPECT_FALSE(all_good(R"({"value":{"0":{"state":"good"}}})"));
  EXPECT_FALSE(all_good(R"({"value":[{"state":"good"}],"value":[{"state":"bad"}]})"));
}

}  // namespace
}  // namespace patchbay::hooks
