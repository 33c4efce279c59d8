#include "hooks/key_reader.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::hooks {
namespace {

Request with_body(std::string body, std::string type = "application/json") {
  Request request("POST", "/hooks/p/1/r", "q=7&q=8");
  request.headers = {{"content-type", std::move(type)}, {"x-delivery", "d1"}};
  request.body = std::move(body);
  return request;
}

TEST(KeyReader, TheFirstSourceThatExistsWins) {
  const KeyReader keys({"/message/chat/id", "/edited/chat/id", "query:q"}, {"/update_id"});
  const auto read =
      keys.read(with_body(R"({"update_id":9,"edited":{"chat":{"id":2}},"message":{"chat":{"id":1}}})"));
  EXPECT_EQ(read.order, "1");
  EXPECT_EQ(read.dedupe, "9");
  EXPECT_EQ(keys.read(with_body(R"({"edited":{"chat":{"id":2}}})")).order, "2");
  EXPECT_EQ(keys.read(with_body("not json")).order, "7");
}

TEST(KeyReader, ReadsFormsAndHeaders) {
  const KeyReader keys({"form:From"}, {"header:X-Delivery"});
  const auto read = keys.read(with_body("From=%2B49&To=1", "application/x-www-form-urlencoded"));
  EXPECT_EQ(read.order, "+49");
  EXPECT_EQ(read.dedupe, "d1");
  EXPECT_EQ(keys.read(with_body("From=1")).order, std::nullopt);
}

TEST(KeyReader, NothingDeclaredMeansNothingRead) {
  const KeyReader keys({}, {});
  const auto read = keys.read(with_body(R"({"a":1})"));
  EXPECT_FALSE(read.order || read.dedupe || keys.has_order());
}

TEST(KeyReader, LongValuesBecomeDigestsAndBrokenTextIsRepaired) {
  const KeyReader keys({"/a"}, {"/b"});
  const auto read = keys.read(with_body(R"({"a":")" + std::string(5000, 'x') + R"(","b":"\u0000"})"));
  EXPECT_EQ(read.order->size(), 7u + 64u);
  EXPECT_TRUE(read.order->starts_with("sha256:"));
  EXPECT_EQ(read.dedupe, "\xef\xbf\xbd");
}

TEST(KeyReader, StopsReadingOnceTheBestIsFound) {
  const KeyReader keys({"/a"}, {"/b"});
  const auto read = keys.read(with_body(R"({"a":1,"b":2, broken)"));
  EXPECT_EQ(read.order, "1");
  EXPECT_EQ(read.dedupe, "2");
}

TEST(KeyReader, RefusesUnknownSources) {
  EXPECT_THROW(KeyReader({"body"}, {}), Error);
  EXPECT_THROW(KeyReader({}, {"cookie:x"}), Error);
}

}  // namespace
}  // namespace patchbay::hooks
