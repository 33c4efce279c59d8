#include "domain/chat/split.hpp"

#include <random>

#include <gtest/gtest.h>
#include <utf8proc.h>

#include "base/utf8.hpp"

namespace patchbay::domain::chat {
namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) text += part;
  return text;
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(Split, short_text_is_one_part_and_empty_text_has_none) {
  EXPECT_EQ(split_text("hello ", 6), std::vector<std::string>{"hello "});
  EXPECT_TRUE(split_text("", 6).empty());
}

// TG-2
TEST(Split, cuts_after_the_last_blank_in_the_last_quarter) {
  const auto parts = split_text("aaaaaa b c dddddd", 12);
  EXPECT_EQ(parts, (std::vector<std::string>{"aaaaaa b c ", "dddddd"}));
  EXPECT_EQ(split_text("aaaaaaaaaa\nbbbbbb", 12).front(), "aaaaaaaaaa\n");
}

TEST(Split, a_blank_before_the_last_quarter_does_not_count) {
  const auto parts = split_text("aaaa bbbbbbbbbbbbbb", 12);
  EXPECT_EQ(parts.front(), "aaaa bbbbbbb");
}

TEST(Split, a_blank_that_is_the_last_unit_of_a_part_ends_it) {
  EXPECT_EQ(split_text("abcdefghijk mno", 12).front(), "abcdefghijk ");
}

TEST(Split, nothing_is_trimmed) {
  const auto text = repeated(" \n", 5000);
  const auto parts = split_text(text, 4096);
  EXPECT_EQ(parts.size(), 3u);
  EXPECT_EQ(joined(parts), text);
}

TEST(Split, counts_utf16_units) {
  const auto parts = split_text(repeated("\xF0\x9F\x98\x80", 3000), 4096);  // two units each
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(utf16_length(parts[0]), 4096u);
  EXPECT_EQ(split_text(repeated("\xF0\x9F\x98\x80", 3000), 4095)[0].size(), 2047u * 4);
}

TEST(Split, keeps_families_flags_and_marks_whole) {
  const std::string family =
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7\xE2\x80\x8D\xF0\x9F\x91\xA6";  // 8 units
  EXPECT_EQ(split_text("x" + family, 8), (std::vector<std::string>{"x", family}));
  const std::string flag = "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA";  // 4 units
  EXPECT_EQ(split_text(flag + flag, 6), (std::vector<std::string>{flag, flag}));
  const std::string letter = "e\xCC\x81\xCC\xB1";
  EXPECT_EQ(split_text("ab" + letter, 4), (std::vector<std::string>{"ab", letter}));
}

TEST(Split, a_grapheme_longer_than_a_part_is_cut_between_code_points) {
  const auto text = "e" + repeated("\xCC\x81", 30);
  const auto parts = split_text(text, 10);
  EXPECT_EQ(parts.size(), 4u);
  EXPECT_EQ(joined(parts), text);
}

TEST(Split, a_limit_below_one_code_point_still_goes_on) {
  EXPECT_EQ(split_text(repeated("\xF0\x9F\x98\x80", 3), 1).size(), 3u);
}

TEST(Split, counts_characters_and_bytes_where_a_channel_does) {
  EXPECT_EQ(split_text("\xC3\xA9\xC3\xA9\xC3\xA9", 2, Unit::bytes).size(), 3u);
  EXPECT_EQ(split_text(repeated("\xF0\x9F\x98\x80", 4), 2, Unit::characters).size(), 2u);
  EXPECT_EQ(length_in("\xF0\x9F\x98\x80", Unit::utf16), 2u);
}

bool is_grapheme_boundary(const std::string& text, std::size_t at) {
  utf8proc_int32_t state = 0;
  utf8proc_int32_t previous = -1;
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t point = 0;
    const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + i);
    const auto read = utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    const bool boundary = previous < 0 || utf8proc_grapheme_break_stateful(previous, point, &state);
    if (i == at) return boundary;
    previous = point;
    i += static_cast<std::size_t>(read);
  }
  return true;
}

TEST(Split, random_text_keeps_every_promise) {
  const std::vector<std::string> alphabet = {"a",
                                             " ",
                                             "\n",
                                             "\r\n",
                                             "\xC3\xA9",
                                             "e\xCC\x81",
                                             "\xF0\x9F\x98\x80",
                                             "\xF0\x9F\x87\xA9\xF0\x9F\x87\xAA",
                                             "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7",
                                             "\xE2\x80\x8D",
                                             "\xCC\x81",
                                             "\xEA\xB0\x80\xE1\x86\xA8",
                                             "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD",
                                             "\xF0\x9F\x87\xA9"};
  std::mt19937 random(7);  // NOLINT: the same run each time
  for (int round = 0; round < 400; ++round) {
    std::string text;
    const auto pieces = random() % 200;
    for (std::size_t i = 0; i < pieces; ++i) text += alphabet[random() % alphabet.size()];
    const std::size_t limit = 40 + random() % 40;
    const auto parts = split_text(text, limit);
    ASSERT_EQ(joined(parts), text);
    std::size_t at = 0;
    for (const auto& part : parts) {
      ASSERT_LE(utf16_length(part), limit);
      ASSERT_FALSE(part.empty());
      at += part.size();
      // Runs of joiners and marks can be longer than a part; shorter ones are never torn.
      if (utf16_length(part) > limit / 2) continue;
      ASSERT_TRUE(is_grapheme_boundary(text, at)) << round;
    }
  }
}

}  // namespace
}  // namespace patchbay::domain::chat
