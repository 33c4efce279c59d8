#include "base/quote.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace patchbay {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

TEST(AppendQuoted, EveryByteComesBackAsItWas) {
  std::string all;
  for (int byte = 1; byte < 0x80; ++byte) all += static_cast<char>(byte);
  all += "Привет 😀";
  EXPECT_EQ(nlohmann::json::parse(as_json(all)), all);
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("plain text"), "\"plain text\"");
}

TEST(AppendQuoted, WhatIsNoTextIsRepaired) {
  EXPECT_EQ(nlohmann::json::parse(as_json(std::string_view("a\0b\xff", 4))), "a\uFFFDb\uFFFD");
}

}  // namespace
}  // namespace patchbay
