#include "hooks/impl/lanes.hpp"

#include <gtest/gtest.h>

namespace patchbay::hooks {
namespace {

InboxRow row(Id id, const std::string& lane = "a", Id integration = 7, std::size_t bytes = 10) {
  InboxRow made;
  made.id = id;
  made.integration = integration;
  made.lane = lane;
  made.body = std::string(bytes, 'x');
  return made;
}

class LanesTest : public ::testing::Test {
 protected:
  LanesTest() { list({}); }
  void list(const std::vector<InboxRow>& open) {
    lanes.begin_listing();
    for (const auto& one : open) lanes.missed(one.id, Lanes::Key(one.integration, one.lane));
    lanes.end_listing();
  }
  void drop(const std::shared_ptr<Lanes::Lane>& lane) {
    lane->behind = false;
    while (!lane->rows.empty()) lanes.pop(*lane);
    lanes.release(lane);
  }

  // 40 rows (10 of one integration), 1,000 bytes, 4 rows a lane, 3 lanes an integration.
  Lanes lanes{Lanes::Limits(40, 1'000, 4, 3)};
};

TEST_F(LanesTest, what_fits_is_taken_once) {
  const auto lane = lanes.accept(row(1));
  ASSERT_EQ(lane->rows.size(), 1u);
  EXPECT_FALSE(lane->behind);
  EXPECT_FALSE(lanes.accept(row(1)));
  EXPECT_FALSE(lanes.missed(1, lane->key));
  EXPECT_EQ(lanes.rows(), 1u);
}

TEST_F(LanesTest, before_all_has_been_listed_nothing_is_taken) {
  Lanes fresh(Lanes::Limits(40, 1'000, 4, 3));
  EXPECT_TRUE(fresh.accept(row(1))->behind);
  EXPECT_EQ(fresh.rows(), 0u);
}

TEST_F(LanesTest, a_lane_that_is_full_is_behind_and_nothing_passes) {
  for (Id id = 1; id <= 5; ++id) lanes.accept(row(id));
  const auto lane = lanes.accept(row(6));
  EXPECT_EQ(lane->rows.size(), 4u);
  EXPECT_TRUE(lane->behind);
}

TEST_F(LanesTest, bytes_are_bounded_and_what_leaves_makes_room) {
  const auto lane = lanes.accept(row(1, "a", 7, 900));
  EXPECT_TRUE(lanes.accept(row(2, "b", 8, 200))->behind);
  drop(lane);
  EXPECT_FALSE(lanes.accept(row(3, "c", 8, 200))->behind);
}

TEST_F(LanesTest, without_room_a_refill_asks_for_one_row) {
  const auto other = lanes.accept(row(1, "b", 8, 10));
  lanes.accept(row(2, "a", 7, 900));
  drop(other);
  const auto lane = lanes.missed(3, Lanes::Key(8, "c"));
  EXPECT_EQ(lanes.begin_refill(*lane), 4u);
  lanes.refill(*lane, {row(3, "c", 8, 200)}, true);
  const auto next = lanes.missed(4, Lanes::Key(8, "d"));
  EXPECT_EQ(lanes.begin_refill(*next), 1u);
  lanes.refill(*next, {}, true);
}

TEST_F(LanesTest, one_integration_takes_a_quarter_of_the_rows) {
  for (Id id = 1; id <= 12; ++id) lanes.accept(row(id, std::to_string(id % 3)));
  EXPECT_EQ(lanes.rows(), 10u);
  EXPECT_FALSE(lanes.accept(row(20, "a", 8))->behind);
}

TEST_F(LanesTest, an_integration_without_room_for_its_lanes_slows_no_other) {
  std::vector<std::shared_ptr<Lanes::Lane>> held;
  for (Id id = 1; id <= 3; ++id) held.push_back(lanes.accept(row(id, std::to_string(id))));
  EXPECT_FALSE(lanes.accept(row(4, "4")));
  EXPECT_FALSE(lanes.accept(row(5, "a", 8))->behind) << "the other is still served from memory";
  drop(held[0]);
  EXPECT_TRUE(lanes.accept(row(6, "6"))->behind) << "4 may be older and in the same lane";
}

TEST_F(LanesTest, it_is_served_from_memory_again_once_all_has_been_listed) {
  std::vector<std::shared_ptr<Lanes::Lane>> held;
  for (Id id = 1; id <= 3; ++id) held.push_back(lanes.accept(row(id, std::to_string(id))));
  EXPECT_FALSE(lanes.accept(row(4, "4")));
  EXPECT_TRUE(lanes.take_overflow(7));
  list({row(4, "4")});
  EXPECT_TRUE(lanes.overflows(7));
  for (const auto& lane : held) drop(lane);
  EXPECT_TRUE(lanes.accept(row(5, "5"))->behind);
  list({row(4, "4"), row(5, "5")});
  EXPECT_FALSE(lanes.overflows(7));
  EXPECT_FALSE(lanes.accept(row(6, "6"))->behind);
}

TEST_F(LanesTest, what_ended_while_a_read_was_under_way_is_not_taken_up_again) {
  const auto lane = lanes.accept(row(1));
  const auto first = lanes.begin_read();
  lanes.pop(*lane);
  const auto second = lanes.begin_read();  // began later: the row had ended
  EXPECT_FALSE(lanes.missed(1, lane->key));
  lanes.end_read(first);
  EXPECT_TRUE(lanes.missed(1, lane->key)) << "forgotten with the last read that may bring it";
  lanes.end_read(second);
}

}  // namespace
}  // namespace patchbay::hooks
