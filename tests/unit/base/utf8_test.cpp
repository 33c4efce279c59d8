#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

using namespace std::string_view_literals;

TEST(Utf8, LeavesGoodTextAlone) {
  EXPECT_EQ(repair_utf8("Ж æ 😀 ok"), "Ж æ 😀 ok");
  EXPECT_TRUE(is_valid_utf8("Ж æ 😀 ok"));
}

TEST(Utf8, RepairsNulAndBrokenBytes) {
  EXPECT_EQ(repair_utf8("a\0b"sv),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(repair_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(repair_utf8("\xED\xA0\x80x"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx");
  EXPECT_EQ(repair_utf8("\xF0\x9F\x98"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Utf8, SeesWhatIsWrongAtAnyPlaceOfALongText) {
  for (std::size_t place = 0; place < 40; ++place) {
    std::string text(40, 'a');
    text[place] = '\xff';
    EXPECT_FALSE(is_valid_utf8(text)) << place;
    std::string repaired(40, 'a');
    EXPECT_EQ(repair_utf8(text), repaired.replace(place, 1, "\xEF\xBF\xBD")) << place;
    text[place] = '\0';
    EXPECT_EQ(repair_utf8(text), repaired) << place;
  }
}

TEST(Utf8, CountsUtf16Units) {
  EXPECT_EQ(utf16_length("aЖ"), 2u);
  EXPECT_EQ(utf16_length("😀"), 2u);
}

}  // namespace
}  // namespace patchbay
