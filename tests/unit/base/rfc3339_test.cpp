#include "base/rfc3339.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(Rfc3339, ReadsFractionsAndZones) {
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-11-21T12:37:30.5+03:00")), "2026-11-21T09:37:30.500Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2024-02-29t23:59:59z")), "2024-02-29T23:59:59.000Z");
  EXPECT_EQ(to_rfc3339(*parse_rfc3339("2026-12-31 23:59:60-01:30")), "2027-01-01T01:30:00.000Z");
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:01.123456789Z")->time_since_epoch(), Duration(1123));
}

TEST(Rfc3339, RefusesTheRest) {
  for (const char* text : {"", "x", "2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z",
                           "2026-11-21T00:00:00", "2026-02-03T00:00:00Zx", "2026-02-03T00:00:00.Z",
                           "2026-02-03T00:00:00+2:00", "2026-02-03T00:00:00+24:00", "2026-02-03T00:-1:00Z"})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
}

}  // namespace
}  // namespace patchbay
