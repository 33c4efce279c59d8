// Bar 3: the n-th allocation fails, for every n, on the way of a webhook and of what is sent.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "faults/allocations.hpp"
#include "hooks/effect_committer.hpp"
#include "hooks/inbox.hpp"
#include "outbox/impl/item_table.hpp"
#include "support/databases.hpp"
#include "unit/hooks/fakes.hpp"

namespace patchbay::faults {
namespace {

namespace asio = boost::asio;

// Opened anew for each failure, so that what leaks shows.
class House {
 public:
  explicit House(const support::FreshDatabase& database) : store(database.open_empty()) {}

  template <class T>
  T run(asio::awaitable<T> task) {
    auto result = asio::co_spawn(io, std::move(task), asio::use_future);
    io.restart();
    io.run();
    return result.get();
  }
  std::int64_t count(const std::string& from_where) { return hooks::count(*store, from_where); }

  asio::io_context io;  // ends after the store, whose threads post to it
  const std::unique_ptr<store::Store> store;
  hooks::Counters counters;
};

class InboxAllocation : public ::testing::Test {
 protected:
  InboxAllocation() { database.open(); }

  const support::FreshDatabase database{support::Database::sqlite};
  SystemClock clock;
  IdMint mint{clock};
  int number = 0;
};

TEST_F(InboxAllocation, fails_rows_that_are_then_stored) {
  tell("rows", sweep([this](Fault& fault) {
         House house(database);
         const auto before = house.count("inbox");
         const auto put = [&] {
           house.store->write_now([&](store::Session& session) {
             hooks::insert_rows(session, mint, {hooks::make_row(7, "a", {}), hooks::make_row(7, "b", {})});
           });
         };
         const bool done = fault.within(put);
         EXPECT_EQ(house.count("inbox"), before + (done ? 2 : 0));
         put();
       }));
}

// The committer's thread is where memory ends: what it cannot store it says so, and it goes on.
TEST_F(InboxAllocation, fails_a_commit_of_webhooks_which_is_said) {
  tell("commits of webhooks", sweep([this](Fault& fault) {
         House house(database);
         hooks::InboxCommitter committer(*house.store, mint, house.io.get_executor(), house.counters,
                                         log::Logger::none());
         committer.on_stored([](std::vector<hooks::InboxRow>) {});
         const auto key = "key" + std::to_string(++number);
         const auto put = [&] { return house.run(committer.put(hooks::make_row(7, "", key))); };
         auto stored = hooks::Stored::full;
         fault.within([&] { stored = put(); }, Whose::other_threads);
         const auto there = house.count("inbox where dedupe_key = '" + key + "'");
         EXPECT_EQ(there, stored == hooks::Stored::stored ? 1 : 0);
         EXPECT_NE(put(), hooks::Stored::failed);
         EXPECT_EQ(house.count("inbox where dedupe_key = '" + key + "' and length(body) = 2"), 1);
       }));
}

TEST_F(InboxAllocation, fails_a_commit_of_effects_which_is_said) {
  tell("commits of effects", sweep([this](Fault& fault) {
         House house(database);
         hooks::FakeSink sink(*house.store);
         hooks::EffectCommitter committer({*house.store, sink, mint, clock}, house.io.get_executor(),
                                          house.counters, log::Logger::none());
         const auto key = "key" + std::to_string(++number);
         const auto apply = [&] {
           hooks::Event event;
           event.type = "test.seen";
           event.dedupe_key = key;
           event.data = R"({"body": ")" + key + "\"}";
           hooks::Effect effect(0, 7, {event});
           return house.run(committer.apply(std::move(effect))).outcome;
         };
         auto outcome = hooks::Applied::Outcome::gone;
         fault.within([&] { outcome = apply(); }, Whose::other_threads);
         const bool done = outcome == hooks::Applied::Outcome::done;
         EXPECT_EQ(house.count("effects where body = '" + key + "'"), done ? 1 : 0);
         EXPECT_EQ(apply(), hooks::Applied::Outcome::done);
         EXPECT_EQ(house.count("effects where body = '" + key + "'"), 1);
       }));
}

TEST_F(InboxAllocation, fails_a_look_at_the_inbox) {
  {
    House house(database);
    house.store->write_now(
        [&](store::Session& session) { hooks::insert_rows(session, mint, {hooks::make_row(7, "a", {})}); });
  }
  tell("looks at the inbox", sweep([&](Fault& fault) {
         House house(database);
         hooks::Inbox inbox(*house.store, clock);
         const auto look = [&] { EXPECT_EQ(house.run(inbox.list({})).size(), 1U); };
         fault.within(look);
         look();
       }));
}

class NoEffects final : public outbox::Effects {
 public:
  std::optional<std::string> request(store::Session&, const outbox::Item& item) override {
    return item.payload;
  }
  std::string conversation(store::Session&, const outbox::Item& item) override { return item.lane; }
  void apply(store::Session&, const outbox::Item&, const outbox::Outcome&) override {}
  void signed_out(Id, const port::Result&) override {}
};

// Claimed and settled, or neither.
TEST_F(InboxAllocation, fails_an_item_of_the_outbox_which_then_stays) {
  tell("items of the outbox", sweep([&](Fault& fault) {
         House house(database);
         NoEffects effects;
         outbox::Head lane;
         lane.integration = 7;
         lane.lane = std::to_string(++number);
         lane.claim = 1;
         const auto send = [&] {
           house.store->write_now([&](store::Session& session) {
             outbox::Item item;
             item.id = mint.next();
             item.integration = 7;
             item.lane = lane.lane;
             item.idempotency_key = to_string_id(item.id);
             outbox::enqueue(session, item);
             const auto claimed = outbox::claim(session, effects, lane, 1);
             outbox::Decision sent(outbox::Decision::Next::sent);
             outbox::settle(session, effects, claimed.item, sent, 1);
           });
         };
         const auto rows = [&] { return house.count("outbox where lane = '" + lane.lane + "'"); };
         const bool done = fault.within(send);
         EXPECT_EQ(rows(), done ? 1 : 0);
         send();
       }));
}

}  // namespace
}  // namespace patchbay::faults
