#include "crypto/encoding.hpp"

#include <gtest/gtest.h>

namespace patchbay::crypto {
namespace {

TEST(Base64, MatchesRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, ComesBack) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    EXPECT_EQ(from_base64(to_base64(text)), text);
    EXPECT_EQ(from_base64url(to_base64url(text)), text);
  }
}

TEST(Base64, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Z===", "=", "====", "Zm9-", "Zg==Zg=="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64Url, UsesItsOwnAlphabetWithoutPadding) {
  EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(to_base64url("f"), "Zg");
  EXPECT_EQ(from_base64url("-__-"), "\xfb\xff\xfe");
}

TEST(Base64Url, RefusesPaddingAndTheOtherAlphabet) {
  for (const char* text : {"Zg==", "+//+", "Zh", "Z"}) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Hex, ComesBack) {
  const std::string bytes("\x00\x7f\xff\x0a", 4);
  EXPECT_EQ(to_hex(bytes), "007fff0a");
  EXPECT_EQ(from_hex("007fFF0A"), bytes);
}

TEST(Hex, RefusesWhatIsNotHex) {
  for (const char* text : {"0", "0g", "0x00", " 00", "00 "}) EXPECT_FALSE(from_hex(text)) << text;
}

}  // namespace
}  // namespace patchbay::crypto
