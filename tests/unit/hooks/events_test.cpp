#include "hooks/events.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::hooks {
namespace {

TEST(Events, ReadsEveryField) {
  const auto events = parse_events(
      R"({"events":[{"type":"message.received","dedupe_key":"1","order_key":"c","data":{"a":[1]},)"
      R"("part_of":{"key":"album","quiet_ms":1500}},{"type":"t","dedupe_key":"2","part_of":null,"more":1}]})");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, "message.received");
  EXPECT_EQ(events[0].dedupe_key, "1");
  EXPECT_EQ(events[0].order_key, "c");
  EXPECT_EQ(events[0].data, R"({"a":[1]})");
  EXPECT_EQ(events[0].part_of->key, "album");
  EXPECT_EQ(events[0].part_of->quiet_ms, 1500);
  EXPECT_EQ(events[1].data, "{}");
  EXPECT_FALSE(events[1].part_of);
}

TEST(Events, NothingToSayIsNoEvent) {
  for (const char* text : {"", "{}", R"({"events":[]})"}) EXPECT_TRUE(parse_events(text).empty()) << text;
}

TEST(Events, RepairsText) {
  EXPECT_EQ(parse_events(R"({"events":[{"type":"a","dedupe_key":"x\u0000"}]})")[0].dedupe_key,
            "x\xef\xbf\xbd");
}

TEST(Events, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "events"},
      {"{", "events"},
      {R"({"events":{}})", "events"},
      {R"({"events":[1]})", "Event 0"},
      {R"({"events":[{"type":"a","dedupe_key":"1"},{"type":"a"}]})", "Event 1"},
      {R"({"events":[{"dedupe_key":"1"}]})", "type"},
      {R"({"events":[{"type":1,"dedupe_key":"1"}]})", "type"},
      {R"({"events":[{"type":"a","dedupe_key":""}]})", "dedupe_key"},
      {R"({"events":[{"type":"a","dedupe_key":"1","data":[]}]})", "data"},
      {R"({"events":[{"type":"a","dedupe_key":"1","part_of":{"key":"a","quiet_ms":-1}}]})", "part_of"},
  };
  for (const auto& [text, word] : cases) {
    try {
      parse_events(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace patchbay::hooks
