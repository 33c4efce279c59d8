#include "domain/chat/impl/event_data.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'795'224'000'000;

TEST(EventData, reads_a_message_and_keeps_what_has_no_column) {
  const auto event =
      read_event("message.received", R"({"conversation": {"id": 55, "kind": "private", "title": "Ana"},
      "author": {"id": "55", "name": "Ana", "language": "de"}, "at": "2026-11-21T09:20:00Z", "sequence": 417, "mood": "sad",
      "message": {"id": "417", "text": "hi", "location": {"latitude": 1.5}, "reply_to": {"id": "400", "quote": "q"},
                  "attachments": [{"kind": "image", "file": {"f": 1}, "size": 12, "unique_id": "u", "spoiler": true}]}})",
                 kNow);
  EXPECT_EQ(event.conversation.id, "55");
  EXPECT_EQ(event.author->language, "de");
  EXPECT_EQ(event.message.at, 1'795'252'800'000);
  EXPECT_EQ(event.message.sequence, 417);
  EXPECT_EQ(event.message.reply_to, "400");
  EXPECT_EQ(event.message.attachments.at(0).file, R"({"f":1})");
  EXPECT_EQ(event.message.attachments.at(0).details, R"({"spoiler":true})");
  const auto content = json::parse(event.message.content);
  EXPECT_EQ(content["event"]["mood"], "sad");
  EXPECT_EQ(content["reply_to"]["quote"], "q");
  EXPECT_EQ(content["location"]["latitude"], 1.5);
}

// CHAT-12
TEST(EventData, what_cannot_be_shown_becomes_words) {
  const auto words = [](const char* message) {
    return read_event("message.received",
                      R"({"conversation": {"id": "1"}, "message": )" + std::string(message) + "}", kNow)
        .message.text;
  };
  EXPECT_EQ(words(R"({"id": "1", "service": "Ana joined"})"), "Ana joined");
  EXPECT_EQ(words(R"({"id": "1", "unsupported": "poll"})"), "[poll]");
}

// N19
TEST(EventData, broken_bytes_are_repaired) {
  const auto event = read_event(
      "message.received",
      "{\"conversation\": {\"id\": \"1\"}, \"message\": {\"id\": \"2\", \"text\": \"a\xff\"}}", kNow);
  EXPECT_EQ(event.message.text, "a\xEF\xBF\xBD");
}

TEST(EventData, names_what_is_missing) {
  const auto complaint = [](const char* type, const std::string& data) -> std::string {
    try {
      read_event(type, data, kNow);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(complaint("message.received", R"({"message": {"id": "1"}})").find("/conversation/id"),
            std::string::npos);
  EXPECT_NE(complaint("message.received", R"({"conversation": {"id": "1"}})").find("/message/id"),
            std::string::npos);
  EXPECT_NE(
      complaint("message.status", R"({"conversation": {"id": "1"}, "message_ids": ["1"], "state": "odd"})")
          .find("/state"),
      std::string::npos);
  EXPECT_NE(complaint("record.upserted", R"({"conversation": {"id": "1"}})").find("record.upserted"),
            std::string::npos);
  EXPECT_NE(complaint("message.received", "[").find("/"), std::string::npos);
  EXPECT_NE(complaint("message.received", std::string(100'000, '[')).find("/"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::domain::chat
