#include <gtest/gtest.h>

#include "base/text.hpp"
#include "domain/chat/impl/delivery_table.hpp"

namespace patchbay::domain::chat {
namespace {

using Parts = std::vector<outbox::PartState>;

outbox::PartState part(int number, const std::string& state, std::int64_t attempts = 1) {
  outbox::PartState made;
  made.part = number;
  made.parts = 2;
  made.state = state;
  made.done = state != "queued" && state != "sending";
  made.reason = state == "sent" ? "" : "why";
  made.attempts = attempts;
  return made;
}

Delivery state_of(const Parts& parts, const std::vector<Delivery>& receipts = {}) {
  return standing_of(parts, receipts).state;
}

TEST(Standing, is_queued_until_the_first_part_has_begun) {
  EXPECT_EQ(state_of({part(0, "queued", 0), part(1, "queued", 0)}), Delivery::queued);
  EXPECT_EQ(state_of({part(0, "sending"), part(1, "queued", 0)}), Delivery::sending);
  EXPECT_EQ(state_of({part(0, "sent"), part(1, "queued", 0)}), Delivery::sending);
}

// CHAT-12: states only rise.
TEST(Standing, stays_sending_while_a_part_waits_to_be_tried_again) {
  EXPECT_EQ(state_of({part(0, "queued", 1), part(1, "queued", 0)}), Delivery::sending);
  EXPECT_EQ(standing_of({part(0, "queued", 1), part(1, "queued", 0)}, {}).reason, "why");
}

TEST(Standing, one_part_that_failed_fails_the_message_and_is_named) {
  const auto standing = standing_of({part(0, "sent"), part(1, "failed")}, {Delivery::read});
  EXPECT_EQ(standing.state, Delivery::failed);
  EXPECT_EQ(Text::from_kept(standing.reason).english(), "Part 2 of 2: why");
}

TEST(Standing, is_uncertain_when_all_are_done_and_one_is) {
  EXPECT_EQ(state_of({part(0, "uncertain"), part(1, "sent")}), Delivery::uncertain);
  EXPECT_EQ(state_of({part(0, "uncertain"), part(1, "queued", 0)}), Delivery::sending);
}

TEST(Standing, follows_the_lowest_receipt_once_all_parts_are_gone) {
  EXPECT_EQ(state_of({}), Delivery::sent);
  EXPECT_EQ(state_of({}, {Delivery::read, Delivery::delivered}), Delivery::delivered);
  EXPECT_EQ(state_of({}, {Delivery::read, Delivery::sent}), Delivery::sent);
  EXPECT_EQ(state_of({}, {Delivery::read, Delivery::failed}), Delivery::failed);
}

}  // namespace
}  // namespace patchbay::domain::chat
