#include "domain/chat/compose.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

constexpr auto* kChannel =
    R"({"limits": {"text": {"max": 10, "unit": "utf16"}, "caption": {"max": 5, "unit": "utf16"},
    "album": {"max": 2, "groups": [["image", "video"], ["document"]]}, "buttons": true, "location": true,
    "files": {"image": {"max_bytes": 100, "types": ["image/jpeg"]}, "video": {"max_bytes": 2097152, "types": ["video/*"]},
              "document": {"max_bytes": 500, "types": ["application/pdf", "image/png"]}}}})";

Attachment file(const std::string& type, std::int64_t size = 10) {
  Attachment attachment;
  attachment.name = "f";
  attachment.type = type;
  attachment.size = size;
  attachment.blob = 7;
  return attachment;
}

// "text|kinds" of each part.
std::string shape(const Draft& draft, std::vector<Attachment> files = {}) {
  std::string result;
  for (const auto& text : compose(draft, read_limits(kChannel), files).parts) {
    const auto part = json::parse(text);
    result += "[" + part["text"].get<std::string>();
    for (const auto& item : part["attachments"]) result += " " + item["kind"].get<std::string>();
    if (part.contains("buttons")) result += " +buttons";
    if (part.contains("location")) result += " +place";
    result += "]";
  }
  return result;
}
Draft saying(const std::string& text) {
  Draft draft;
  draft.text = text;
  return draft;
}
std::string complaint(const Draft& draft, std::vector<Attachment> files = {}) {
  try {
    compose(draft, read_limits(kChannel), files);
  } catch (const Error& error) {
    std::string text;
    for (const auto& found : error.diagnostics()) {
      text += found.path + ": " + found.summary.english() + " " + found.remedy.english();
    }
    return text;
  }
  return "none";
}

Draft prepared() {
  Draft draft = saying("Hi Ana");
  draft.prepared = R"({"id": "t1", "variables": {"1": "Ana"}})";
  return draft;
}

// WA-4
TEST(Compose, a_template_goes_alone_with_the_text_that_people_read) {
  const auto limits = read_limits(R"({"limits": {"templates": true}})");
  std::vector<Attachment> none;
  const auto made = compose(prepared(), limits, none);
  ASSERT_EQ(made.parts.size(), 1u);
  EXPECT_EQ(json::parse(made.parts[0])["template"]["variables"]["1"], "Ana");
  EXPECT_EQ(json::parse(made.parts[0])["text"], "Hi Ana");
  EXPECT_EQ(json::parse(made.content)["template"]["id"], "t1");
  auto draft = prepared();
  draft.reply_to = 7;
  try {
    compose(draft, limits, none);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.diagnostics().back().path, "/template");
  }
  EXPECT_NE(complaint(prepared()).find("no templates"), std::string::npos);
}

TEST(ReadDraft, a_template_is_checked_and_reads_as_its_name) {
  const auto draft = read_draft(json::parse(R"({"template": {"id": "t1", "name": "Order ready"}})"));
  EXPECT_EQ(draft.text, "[Order ready]");
  EXPECT_EQ(json::parse(draft.prepared)["id"], "t1");
  EXPECT_EQ(read_draft(json::parse(R"({"template": {"id": "t1"}})")).text, "[t1]");
  for (const char* wrong : {"7", "{}", R"({"id": ""})", R"({"id": 7})", R"({"id": "t", "x": "y"})",
                            R"({"id": "t", "variables": {"1": 2}})", R"({"id": "t", "variables": []})"}) {
    try {
      read_draft(json{{"template", json::parse(wrong)}});
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.diagnostics().at(0).path, "/template") << wrong;
    }
  }
}

TEST(Compose, long_text_is_cut) {
  EXPECT_EQ(shape(saying("abcdefgh ijk")), "[abcdefgh ][ijk]");
}

TEST(Compose, a_short_text_is_the_caption_of_the_first_files) {
  EXPECT_EQ(shape(saying("hey"), {file("image/jpeg"), file("video/mp4"), file("image/jpeg")}),
            "[hey image video][ image]");
}

TEST(Compose, a_text_that_is_no_caption_goes_first) {
  EXPECT_EQ(shape(saying("a caption"), {file("image/jpeg")}), "[a caption][ image]");
}

TEST(Compose, files_of_different_groups_do_not_meet_and_keep_their_order) {
  EXPECT_EQ(shape({}, {file("image/jpeg"), file("application/pdf"), file("image/jpeg")}),
            "[ image][ document][ image]");
}

TEST(Compose, a_file_that_is_not_taken_as_its_own_kind_is_a_document) {
  EXPECT_EQ(shape({}, {file("image/png")}), "[ document]");
}

TEST(Compose, buttons_go_where_they_can_stand) {
  auto draft = saying("hey");
  draft.buttons = R"([[{"title": "a", "data": "b"}]])";
  EXPECT_EQ(shape(draft), "[hey +buttons]");
  EXPECT_EQ(shape(draft, {file("image/jpeg")}), "[hey image +buttons]");
  EXPECT_EQ(shape(draft, {file("image/jpeg"), file("image/jpeg")}), "[ image image][hey +buttons]");
}

TEST(Compose, a_place_is_a_part_of_its_own) {
  auto draft = saying("here");
  draft.location = R"({"latitude": 1, "longitude": 2})";
  EXPECT_EQ(shape(draft), "[here][ +place]");
}

// CHAT-21
TEST(Compose, refusals_say_what_is_allowed) {
  const auto size = complaint({}, {file("image/jpeg", 101)});
  EXPECT_NE(size.find("/attachments/0"), std::string::npos);
  EXPECT_NE(size.find("at most 100"), std::string::npos);
  const auto type = complaint({}, {file("image/jpeg"), file("audio/mpeg")});
  EXPECT_NE(type.find("/attachments/1"), std::string::npos);
  EXPECT_NE(type.find("video (video/*) <= 2 MB"), std::string::npos);
  EXPECT_NE(complaint({}, {file("image/jpeg", 0)}).find("empty"), std::string::npos);
}

TEST(Compose, refuses_nothing_at_all_and_what_the_channel_lacks) {
  EXPECT_NE(complaint(saying(" \n")).find("/text"), std::string::npos);
  auto reply = saying("x");
  reply.reply_to = 5;
  EXPECT_NE(complaint(reply).find("/reply_to"), std::string::npos);
  Draft buttons;
  buttons.buttons = R"([[{"title": "a", "data": "b"}]])";
  EXPECT_NE(complaint(buttons, {file("image/jpeg"), file("image/jpeg")}).find("/buttons"), std::string::npos);
}

TEST(ReadDraft, reads_every_member) {
  const auto draft =
      read_draft(json::parse(R"({"text": "a", "attachments": ["5", {"id": "6", "kind": "voice"}],
      "reply_to": "7", "buttons": [[{"title": "t", "url": "u"}]], "location": {"latitude": 1, "longitude": 2}})"));
  EXPECT_EQ(draft.text, "a");
  EXPECT_EQ(draft.attachments.at(0).id, 5);
  EXPECT_EQ(draft.attachments.at(1).kind, "voice");
  EXPECT_EQ(draft.reply_to, 7);
  EXPECT_FALSE(draft.buttons.empty());
  EXPECT_FALSE(draft.location.empty());
}

TEST(ReadDraft, points_at_every_fault) {
  const auto pointers = [](const char* body) {
    std::string found;
    try {
      read_draft(json::parse(body));
    } catch (const Error& error) {
      for (const auto& diagnostic : error.diagnostics()) found += diagnostic.path + " ";
    }
    return found;
  };
  EXPECT_EQ(
      pointers(
          R"({"attachments": ["x", {}], "buttons": [[{"title": "t"}]], "location": {"latitude": 91, "longitude": 0},
                        "reply_to": 5, "text": 1, "txt": ""})"),
      "/attachments/0 /attachments/1 /buttons /location /reply_to /text /txt ");
  EXPECT_EQ(pointers("[]"), " ");
}

TEST(Limits, nonsense_is_left_out) {
  const auto limits =
      read_limits(R"({"limits": {"text": 5, "album": {"max": -1, "groups": 3}, "files": {"image": 7}}})");
  EXPECT_FALSE(limits.text);
  EXPECT_EQ(limits.album, 1u);
  EXPECT_FALSE(limits.takes("image", "image/png"));
  EXPECT_TRUE(read_limits("").files.empty());
}

}  // namespace
}  // namespace patchbay::domain::chat
