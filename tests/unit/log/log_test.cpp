#include "log/log.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace patchbay::log {
namespace {

TEST(Logger, WritesJsonLinesThatParse) {
  Redactor redactor;
  std::string out;
  const auto logger =
      Logger::to_string(Format::json, Level::info, redactor, out).with({{"integration", "7"}});
  logger.info("line with \"quotes\" and a \xFF byte", {{"trace", "ab\ncd"}});
  const auto line = nlohmann::json::parse(out);
  EXPECT_EQ(line.at("level"), "info");
  EXPECT_EQ(line.at("integration"), "7");
  EXPECT_EQ(line.at("trace"), "ab\ncd");
}

TEST(Logger, KeepsOneLinePerEntryInText) {
  Redactor redactor;
  std::string out;
  Logger::to_string(Format::text, Level::info, redactor, out)
      .info("hello", {{"why", "two\nlines"}, {"n", "3"}});
  EXPECT_NE(out.find("hello why=\"two\\nlines\" n=3\n"), out.npos) << out;
}

TEST(Logger, RedactsTextAndFields) {
  Redactor redactor;
  redactor.add("s3cr3t-value");
  std::string out;
  Logger::to_string(Format::json, Level::info, redactor, out)
      .info("got s3cr3t-value", {{"url", "x?y=s3cr3t-value"}});
  EXPECT_EQ(out.find("s3cr3t"), out.npos);
}

TEST(Logger, SkipsWhatIsBelowItsLevel) {
  Redactor redactor;
  std::string out;
  Logger::to_string(Format::text, Level::warn, redactor, out).info("quiet");
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace patchbay::log
