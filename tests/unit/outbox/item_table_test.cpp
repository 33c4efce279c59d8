#include "outbox/impl/item_table.hpp"

#include "dispatcher_fixture.hpp"

namespace patchbay::outbox {
namespace {

// Two hosts that both believe that a lane is theirs (OUT-1, JOB-5).
class ItemTableTest : public ::testing::TestWithParam<support::Database> {
 protected:
  ItemTableTest() {
    Item item;
    item.id = 1;
    item.integration = kBot;
    item.lane = "chat";
    item.message = 5;
    item.idempotency_key = "key";
    store_->write_now([&](store::Session& session) { enqueue(session, item); });
  }
  Claim claimed_by(std::int64_t who) {
    Head head;
    head.integration = kBot;
    head.lane = "chat";
    head.claim = who;
    return store_->write_now([&](store::Session& session) { return claim(session, effects_, head, 1000); });
  }
  Item taken_over(std::int64_t who) {
    auto found = claimed_by(who);
    EXPECT_EQ(found.kind, Claim::Kind::unsettled);
    found.item.claim = who;
    store_->write_now([&](store::Session& session) { take_over(session, found.item, who); });
    return found.item;
  }
  void settle_as(const Item& item, Decision::Next next) {
    Decision decision(next);
    store_->write_now([&](store::Session& session) { settle(session, effects_, item, decision, 1000); });
  }
  std::string state() {
    return store_->read_now([](store::Session& session) {
      const auto row = session.query_one("select state from outbox where id = 1");
      return row ? row->text(0) : std::string("gone");
    });
  }

  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
  FakeEffects effects_;
};
PB_ON_BOTH_DATABASES(ItemTableTest);

using Next = Decision::Next;

TEST_P(ItemTableTest, WhoeverWasTakenOverDecidesNothing) {
  const auto slow = claimed_by(11);
  ASSERT_EQ(slow.kind, Claim::Kind::begin);
  const auto other = taken_over(22);
  settle_as(other, Next::uncertain);
  settle_as(slow.item, Next::retry);
  EXPECT_EQ(state(), "uncertain");
  settle_as(slow.item, Next::failed);
  EXPECT_EQ(state(), "uncertain");
}

TEST_P(ItemTableTest, ThatItWasSentCountsWhoeverSaysIt) {
  const auto slow = claimed_by(11);
  settle_as(taken_over(22), Next::uncertain);
  settle_as(slow.item, Next::sent);
  EXPECT_EQ(state(), "gone");  // sent in full: no row is needed
}

TEST_P(ItemTableTest, WhoeverTookOverSettles) {
  claimed_by(11);
  settle_as(taken_over(22), Next::retry);
  EXPECT_EQ(state(), "queued");
}

}  // namespace
}  // namespace patchbay::outbox
