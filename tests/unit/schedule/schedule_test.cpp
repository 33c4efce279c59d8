#include "schedule/schedule.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/rfc3339.hpp"

namespace patchbay::schedule {
namespace {

using namespace std::chrono_literals;

TimePoint at(const std::string& time) {
  return *parse_rfc3339(time);
}

// The first `count` times, in UTC, without milliseconds.
std::vector<std::string> times(const Schedule& schedule, const std::string& after, int count) {
  std::vector<std::string> out;
  auto time = at(after);
  for (int i = 0; i < count; ++i) {
    const auto next = schedule.next(time, 0);
    if (!next) break;
    time = *next;
    out.push_back(to_rfc3339(time).substr(0, 16));
  }
  return out;
}

using Times = std::vector<std::string>;

std::string why(const std::string& expression, const std::string& zone = "UTC") {
  try {
    Schedule::cron(expression, zone);
  } catch (const Error& error) {
    return error.text().id();
  }
  return "";
}

TEST(Duration, AreNumbersWithAUnit) {
  EXPECT_EQ(parse_duration("30s"), 30s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("366d"), 24h * 366);
  for (const auto* bad :
       {"", "m", "10", "0m", "-1m", "1.5h", "10 m", "10mm", "367d", "99999999999999999999d", "10M"})
    EXPECT_THROW(parse_duration(bad), Error) << bad;
}

TEST(Every_JOB1, IsAnIntervalWithJitter) {
  const auto schedule = Schedule::every(10min, 1min);
  EXPECT_EQ(*schedule.next(at("2026-01-01T00:00:00Z"), 0), at("2026-01-01T00:10:00Z"));
  EXPECT_EQ(*schedule.next(at("2026-01-01T00:00:00Z"), 0.5), at("2026-01-01T00:10:30Z"));
}

TEST(OnDemand_JOB1, IsNeverDueByItself) {
  EXPECT_EQ(Schedule::on_demand().next(at("2026-01-01T00:00:00Z"), 0), std::nullopt);
}

TEST(Continuous_JOB1, IsDueAgainAtOnce) {
  EXPECT_TRUE(Schedule::continuous().is_continuous());
  EXPECT_EQ(*Schedule::continuous().next(at("2026-01-01T00:00:00Z"), 0), at("2026-01-01T00:00:00Z"));
}

TEST(Cron_JOB1, KnowsListsRangesStepsAndNames) {
  const auto after = "2026-11-27T10:07:30Z";  // a Friday
  EXPECT_EQ(times(Schedule::cron("*/15 * * * *", "UTC"), after, 3),
            (Times{"2026-11-27T10:15", "2026-11-27T10:30", "2026-11-27T10:45"}));
  EXPECT_EQ(times(Schedule::cron("5,10 9-11/2 * * *", "UTC"), after, 3),
            (Times{"2026-11-27T11:05", "2026-11-27T11:10", "2026-11-28T09:05"}));
  EXPECT_EQ(times(Schedule::cron("0 8 * * mon-Fri", "UTC"), after, 2),
            (Times{"2026-11-30T08:00", "2026-12-01T08:00"}));
  EXPECT_EQ(times(Schedule::cron("0 0 1 JAN *", "UTC"), after, 2),
            (Times{"2027-01-01T00:00", "2028-01-01T00:00"}));
  EXPECT_EQ(times(Schedule::cron(" 0\t0 * * 7 ", "UTC"), after, 1), (Times{"2026-11-29T00:00"}));
  EXPECT_EQ(times(Schedule::cron("@monthly", "UTC"), after, 1), (Times{"2026-12-01T00:00"}));
}

TEST(Cron_JOB1, EitherDayIsEnoughWhenBothAreRestricted) {
  EXPECT_EQ(times(Schedule::cron("0 0 13 * 5", "UTC"), "2026-11-10T00:00:00Z", 3),
            (Times{"2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00"}));
  EXPECT_EQ(times(Schedule::cron("0 0 13 * *", "UTC"), "2026-11-10T00:00:00Z", 2),
            (Times{"2026-11-13T00:00", "2026-12-13T00:00"}));
}

TEST(Cron_JOB1, IsStrictlyLater) {
  EXPECT_EQ(times(Schedule::cron("0 10 * * *", "UTC"), "2026-11-27T10:00:00Z", 1),
            (Times{"2026-11-28T10:00"}));
  EXPECT_EQ(times(Schedule::cron("* * * * *", "UTC"), "2026-11-27T10:00:00Z", 1),
            (Times{"2026-11-27T10:01"}));
}

TEST(Cron_JOB1, GoesByTheClocksOfItsZone) {
  EXPECT_EQ(times(Schedule::cron("30 9 * * *", "Europe/Berlin"), "2026-01-01T00:00:00Z", 1),
            (Times{"2026-01-01T08:30"}));
  EXPECT_EQ(times(Schedule::cron("30 9 * * *", "Europe/Berlin"), "2026-07-01T00:00:00Z", 1),
            (Times{"2026-07-01T07:30"}));
  EXPECT_EQ(times(Schedule::cron("0 0 * * *", "Asia/Kathmandu"), "2026-01-01T00:00:00Z", 1),
            (Times{"2026-01-01T18:15"}));
}

// Clocks go from 02:00 to 03:00 on 2026-03-29 in Berlin.
TEST(Cron_JOB1, WhatFallsIntoTheGapIsDueAtItsEnd) {
  EXPECT_EQ(times(Schedule::cron("30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00Z", 2),
            (Times{"2026-03-29T01:00", "2026-03-30T00:30"}));
  EXPECT_EQ(times(Schedule::cron("0,30 2 * * *", "Europe/Berlin"), "2026-03-28T12:00:00Z", 2),
            (Times{"2026-03-29T01:00", "2026-03-30T00:00"}));
  EXPECT_EQ(times(Schedule::cron("30 * * * *", "Europe/Berlin"), "2026-03-29T00:00:00Z", 3),
            (Times{"2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"}));
}

// Clocks go from 03:00 back to 02:00 on 2026-10-25 in Berlin.
TEST(Cron_JOB1, WhatNamesTheHourThatComesTwiceIsDueOnce) {
  EXPECT_EQ(times(Schedule::cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", 2),
            (Times{"2026-10-25T00:30", "2026-10-26T01:30"}));
  EXPECT_EQ(times(Schedule::cron("30 * * * *", "Europe/Berlin"), "2026-10-25T00:00:00Z", 3),
            (Times{"2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"}));
}

TEST(Cron_JOB1, FindsTheLeapDay) {
  EXPECT_EQ(times(Schedule::cron("0 0 29 2 *", "UTC"), "2026-01-01T00:00:00Z", 2),
            (Times{"2028-02-29T00:00", "2032-02-29T00:00"}));
}

TEST(Cron_JOB1, WhatIsNoneIsRefusedWithTheReason) {
  EXPECT_EQ(why("* * * *"), "schedule.cron_fields");
  EXPECT_EQ(why(""), "schedule.cron_fields");
  EXPECT_EQ(why("@often"), "schedule.cron_fields");
  for (const auto* bad :
       {"60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 * ", "* * * * 8", "5-1 * * * *",
        "*/0 * * * *", "5/2 * * * *", ", * * * *", "1-2-3 * * * *", "*/2/2 * * * *", "-5 * * * *",
        "*/ * * * *", "1- * * * *", "*/-1 * * * *", "janu * * * *", "+1 * * * *"})
    EXPECT_EQ(why(bad), "schedule.cron_field") << bad;
  EXPECT_EQ(why("0 0 30 2 *"), "schedule.never");
  for (const auto* zone :
       {"", "Europe/Nowhere", "/etc/localtime", "../../etc/passwd", "localtime", "file:/etc/passwd"})
    EXPECT_EQ(why("* * * * *", zone), "schedule.zone") << zone;
}

TEST(Cron_JOB1, TheReasonNamesFieldAndPart) {
  try {
    Schedule::cron("0 0 * * mon,fun", "UTC");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "fun cannot stand for the day of week: numbers from 0 to 7, lists, ranges and steps can");
  }
}

}  // namespace
}  // namespace patchbay::schedule
