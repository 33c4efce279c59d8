#include "outbox/impl/slots.hpp"

#include <gtest/gtest.h>

namespace patchbay::outbox {
namespace {

// N16
TEST(Slots, who_finds_no_room_waits_his_turn_once) {
  Slots slots;
  const std::vector<Slots::Want> wants = {{"grant/1", 1}};
  EXPECT_TRUE(slots.fit(wants, 7));
  slots.take(wants);
  EXPECT_FALSE(slots.fit(wants, 8));
  EXPECT_FALSE(slots.fit(wants, 9));
  EXPECT_FALSE(slots.fit(wants, 8));
  EXPECT_FALSE(slots.next("grant/1")) << "there is no room yet";
  slots.give_back("grant/1");
  EXPECT_EQ(slots.next("grant/1"), 8);
  EXPECT_EQ(slots.next("grant/1"), 9) << "8 had nothing to send any more";
  EXPECT_FALSE(slots.next("grant/1"));
}

TEST(Slots, nothing_is_taken_where_one_of_several_is_full) {
  Slots slots;
  slots.take({{"profile/2", 1}});
  EXPECT_FALSE(slots.fit({{"grant/1", 1}, {"profile/2", 1}}, 7));
  EXPECT_TRUE(slots.fit({{"grant/1", 1}}, 8));
  slots.give_back("profile/2");
  EXPECT_EQ(slots.next("profile/2"), 7);
}

}  // namespace
}  // namespace patchbay::outbox
