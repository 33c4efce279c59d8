#include "base/id.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

using namespace std::chrono_literals;

TEST(IdMint, RisesEvenWhenTheClockStandsStill) {
  ManualClock clock(TimePoint(1'795'224'000'000ms));
  IdMint mint(clock);
  Id last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = mint.next();
    ASSERT_GT(id, last);
    last = id;
  }
}

TEST(IdMint, NeverRepeatsAfterTheClockWasSetBack) {
  ManualClock late(TimePoint(1'795'224'000'000ms));
  const auto before = IdMint(late).next();
  ManualClock early(TimePoint(1'795'000'000'000ms));
  EXPECT_GT(IdMint(early, 0, before).next(), before);
}

TEST(IdMint, HostsDoNotMeet) {
  ManualClock clock(TimePoint(1'795'224'000'000ms));
  EXPECT_NE(IdMint(clock, 1).next(), IdMint(clock, 2).next());
}

TEST(Id, TellsTheFirstOfATime) {
  ManualClock clock(TimePoint(1'795'224'000'000ms));
  const auto id = IdMint(clock, 7).next();
  EXPECT_LE(first_id_at(clock.now()), id);
  EXPECT_GT(first_id_at(clock.now() + 1ms), id);
  EXPECT_EQ(first_id_at(TimePoint(0ms)), 0);
}

TEST(Id, ReadsOnlyWholePositiveNumbers) {
  EXPECT_EQ(parse_id("42"), 42);
  for (const auto* bad : {"", "0", "-1", "4x", " 4", "99999999999999999999"})
    EXPECT_FALSE(parse_id(bad)) << bad;
}

}  // namespace
}  // namespace patchbay
