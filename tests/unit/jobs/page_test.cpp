#include "jobs/page.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace patchbay::jobs {
namespace {

std::string why(const std::string& request) {
  try {
    parse_page(1, request);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Page_JOB2, IsReadFromTheRequest) {
  const auto page = parse_page(
      7, R"({"job": "history", "lease": 4, "checkpoint": {"v": 1}, "progress": {"done": 82, "total": 200}})");
  EXPECT_EQ(page.integration, 7);
  EXPECT_EQ(page.job, "history");
  EXPECT_EQ(page.lease, 4);
  EXPECT_EQ(page.checkpoint, R"({"v":1})");
  EXPECT_EQ(page.done, 82);
  EXPECT_EQ(page.total, 200);
}

TEST(Page_JOB2, WithoutACheckpointTheOldOneStays) {
  EXPECT_EQ(parse_page(1, R"({"job": "a", "lease": 1})").checkpoint, std::nullopt);
  EXPECT_EQ(parse_page(1, R"({"job": "a", "lease": 1, "checkpoint": null})").checkpoint, "null");
}

TEST(Page, WhatIsNoneIsRefusedWithTheField) {
  EXPECT_NE(why("rubbish"), "");
  EXPECT_NE(why(R"({"lease": 1})").find("\"job\""), std::string::npos);
  EXPECT_NE(why(R"({"job": 1, "lease": 1})").find("\"job\""), std::string::npos);
  EXPECT_NE(why(R"({"job": "a"})").find("\"lease\""), std::string::npos);
  EXPECT_NE(why(R"({"job": "a", "lease": 1.5})").find("\"lease\""), std::string::npos);
  EXPECT_NE(why(R"({"job": "a", "lease": 1, "progress": 5})").find("\"progress\""), std::string::npos);
  EXPECT_NE(why(R"({"job": "a", "lease": 1, "progress": {"done": -1}})").find("\"progress\""),
            std::string::npos);
  EXPECT_NE(
      why(R"({"job": "a", "lease": 1, "progress": {"done": 18446744073709551615}})").find("\"progress\""),
      std::string::npos);
  const auto large = R"({"job": "a", "lease": 1, "checkpoint": ")" + std::string(300'000, 'x') + "\"}";
  EXPECT_NE(why(large).find("262144"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::jobs
