// CHAT-32: business hours.
#include "schedule/hours.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/rfc3339.hpp"

namespace patchbay::schedule {
namespace {

bool open_at(const Hours& hours, const std::string& time) {
  return hours.is_open(*parse_rfc3339(time));
}

// Monday to Friday from nine to one and from two to six.
Hours::Week office() {
  Hours::Week week;
  for (std::size_t day = 0; day < 5; ++day) week[day] = {{9 * 60, 13 * 60}, {14 * 60, 18 * 60}};
  return week;
}

template <class F>
std::string why(const F& make) {
  try {
    make();
  } catch (const Error& error) {
    return error.text().id();
  }
  return "none";
}

TEST(Hours, AreOpenFromTheFirstMinuteUntilBeforeTheLast) {
  const Hours hours("UTC", office(), {});
  EXPECT_FALSE(open_at(hours, "2026-11-30T08:59:59Z"));  // a Monday
  EXPECT_TRUE(open_at(hours, "2026-11-30T09:00:00Z"));
  EXPECT_TRUE(open_at(hours, "2026-11-30T12:59:59Z"));
  EXPECT_FALSE(open_at(hours, "2026-11-30T13:00:00Z"));
  EXPECT_TRUE(open_at(hours, "2026-12-04T17:59:00Z"));   // Friday
  EXPECT_FALSE(open_at(hours, "2026-12-05T10:00:00Z"));  // Saturday
  EXPECT_FALSE(open_at(hours, "2026-12-06T10:00:00Z"));  // Sunday
}

TEST(Hours, AreThoseOfTheZone) {
  const Hours berlin("Europe/Berlin", office(), {});
  EXPECT_TRUE(open_at(berlin, "2026-11-30T08:00:00Z"));  // an hour ahead in winter
  EXPECT_FALSE(open_at(berlin, "2026-11-30T07:59:00Z"));
  EXPECT_TRUE(open_at(berlin, "2026-06-29T07:00:00Z"));  // two in summer
  const Hours tokyo("Asia/Tokyo", office(), {});
  EXPECT_TRUE(open_at(tokyo, "2026-11-30T00:00:00Z"));
  EXPECT_FALSE(open_at(tokyo, "2026-12-04T23:30:00Z")) << "Saturday there, Friday in UTC";
}

TEST(Hours, AreClosedOnDaysThatAreNamed) {
  const Hours hours("Europe/Berlin", office(), {"2026-12-25"});
  EXPECT_FALSE(open_at(hours, "2026-12-25T10:00:00Z"));
  EXPECT_TRUE(open_at(hours, "2026-12-24T10:00:00Z"));
}

TEST(Hours, MayLastAllDay) {
  Hours::Week week;
  week[0] = {{0, parse_time_of_day("24:00")}};
  const Hours hours("UTC", week, {});
  EXPECT_TRUE(open_at(hours, "2026-11-30T00:00:00Z"));
  EXPECT_TRUE(open_at(hours, "2026-11-30T23:59:59Z"));
  EXPECT_FALSE(open_at(hours, "2026-12-01T00:00:00Z"));
}

TEST(Hours, SayWhatCannotBe) {
  const auto spans = [](int from, int to) {
    Hours::Week week;
    week[6] = {{from, to}};
    return why([&] { Hours("UTC", week, {}); });
  };
  EXPECT_EQ(why([] { Hours("Mars/Base", {}, {}); }), "schedule.zone");
  EXPECT_EQ(spans(60, 60), "schedule.span");
  EXPECT_EQ(spans(60, 59), "schedule.span");
  EXPECT_EQ(spans(-1, 59), "schedule.span");
  EXPECT_EQ(spans(0, 24 * 60 + 1), "schedule.span");
  EXPECT_EQ(spans(0, 24 * 60), "none");
  for (const auto* date :
       {"2026-02-29", "2026-13-01", "2026-1-1", "tomorrow", "2026-12-1x", "2026/12/01", ""})
    EXPECT_EQ(why([&] { Hours("UTC", {}, {date}); }), "schedule.date") << date;
  EXPECT_EQ(why([] { Hours("UTC", {}, {"2028-02-29"}); }), "none");
  for (const auto* time : {"9:00", "24:01", "12:60", "ab:cd", "", "12-30", "12:3x"})
    EXPECT_EQ(why([&] { parse_time_of_day(time); }), "schedule.time_of_day") << time;
  EXPECT_EQ(parse_time_of_day("09:30"), 9 * 60 + 30);
}

}  // namespace
}  // namespace patchbay::schedule
