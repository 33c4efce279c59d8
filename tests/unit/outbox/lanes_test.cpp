#include "outbox/impl/lanes.hpp"

#include <gtest/gtest.h>

namespace patchbay::outbox {
namespace {

using namespace std::chrono_literals;

TEST(Lanes, the_oldest_first_item_goes_first) {
  Lanes lanes;
  lanes.offer("b", 2);
  lanes.offer("a", 3);
  lanes.offer("c", 1);
  EXPECT_EQ(lanes.first(), "c");
  lanes.begin("c");
  EXPECT_EQ(lanes.first(), "b");
  lanes.end("c", 9);
  lanes.begin("b");
  EXPECT_EQ(lanes.first(), "a");
}

TEST(Lanes, a_busy_lane_remembers_what_was_offered) {
  Lanes lanes;
  lanes.offer("a", 1);
  lanes.begin("a");
  lanes.offer("a", 5);
  EXPECT_FALSE(lanes.first());
  lanes.end("a", std::nullopt);
  EXPECT_EQ(lanes.first(), "a");
  lanes.begin("a");
  lanes.end("a", std::nullopt);
  EXPECT_TRUE(lanes.empty());
}

TEST(Lanes, a_waiting_lane_stays_so_until_it_is_due) {
  Lanes lanes;
  lanes.offer("a", 1);
  lanes.postpone("a", 10s, Lanes::Wait::limit);
  lanes.offer("a", 1);
  lanes.promote(9s);
  EXPECT_FALSE(lanes.first());
  EXPECT_EQ(lanes.next_due(), 10s);
  lanes.promote(10s);
  EXPECT_EQ(lanes.first(), "a");
}

TEST(Lanes, only_back_offs_are_forgiven) {
  Lanes lanes;
  lanes.offer("limited", 1);
  lanes.offer("failed", 2);
  lanes.postpone("limited", 10s, Lanes::Wait::limit);
  lanes.postpone("failed", 10s, Lanes::Wait::back_off);
  lanes.forgive();
  EXPECT_EQ(lanes.first(), "failed");
}

TEST(Lanes, failures_count_for_one_item) {
  Lanes lanes;
  lanes.offer("a", 1);
  lanes.begin("a");
  lanes.count_failure("a");
  EXPECT_EQ(lanes.failures("a"), 1);
  lanes.end("a", 2);
  EXPECT_EQ(lanes.failures("a"), 0);
}

}  // namespace
}  // namespace patchbay::outbox
