#include "log/log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "support/temp_folder.hpp"

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

TEST(Logger, RedactsWhatQuotingWouldSpellDifferently) {
  Redactor redactor;
  const std::string secret = "pass\"word\\\n\x01";
  redactor.add(secret);
  for (const auto format : {Format::json, Format::text}) {
    std::string out;
    const auto logger = Logger::to_string(format, Level::info, redactor, out).with({{"kept", secret}});
    logger.info("got " + secret, {{"url", "x?y=" + secret}});
    EXPECT_EQ(out.find("pass"), out.npos) << out;
  }
}

TEST(Logger, ALineIsInTheFileWithinASecond) {
  const support::TempFolder folder;
  Redactor redactor;
  const auto file = folder / "host.log";
  const auto logger = Logger::to_stderr(Format::text, Level::info, redactor, file);
  logger.info("there it is");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  EXPECT_NE(text.find("there it is"), text.npos) << text;
}

TEST(Logger, TakesAnotherLevelWhileItRuns) {
  Redactor redactor;
  std::string out;
  const auto logger = Logger::to_string(Format::text, Level::warn, redactor, out);
  const auto copy = logger.with({{"plugin", "echo"}});
  logger.set_level(Level::debug);
  copy.debug("now");
  EXPECT_NE(out.find("now"), out.npos);
}

TEST(Logger, SkipsWhatIsBelowItsLevel) {
  Redactor redactor;
  std::string out;
  Logger::to_string(Format::text, Level::warn, redactor, out).info("quiet");
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace patchbay::log
