#include "cluster/membership.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"

namespace patchbay::cluster {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Hosts in one process, each with a store of its own, on one database.
class MembershipTest : public ::testing::Test {
 protected:
  struct Host {
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Membership> membership;
    Partitions gained;
    Partitions left;
    int passes = 0;
    bool lost = false;
    bool stopped = false;
  };

  ~MembershipTest() override {
    for (auto& host : hosts_) stop(*host);
  }

  Host& start(const std::string& name) {
    auto& host = *hosts_.emplace_back(std::make_unique<Host>());
    host.store = database_.open();
    auto joined = Membership::join_now(*host.store, name, "0.1.0", clock_.now());
    Membership::Parts parts{io_.get_executor(), clock_, *host.store, log::Logger::none()};
    parts.gained = [&host](Partitions partitions) { host.gained |= partitions; };
    parts.leaving = [&host](Partitions partitions) -> asio::awaitable<void> {
      host.left |= partitions;
      co_return;
    };
    parts.pass = [&host]() -> asio::awaitable<void> {
      ++host.passes;
      co_return;
    };
    parts.lost = [&host] { host.lost = true; };
    host.membership = std::make_unique<Membership>(std::move(parts), std::move(joined));
    wait(host.membership->start("http://" + name));
    return host;
  }
  void stop(Host& host) {
    if (!std::exchange(host.stopped, true)) wait(host.membership->stop());
  }
  // As if it had been killed: it says nothing any more.
  void kill(Host& host) {
    host.stopped = true;
    auto store = std::move(host.store);
    wait_for_scope(*host.membership);
    store_of_dead_.push_back(std::move(store));
  }
  void wait_for_scope(Membership& membership) {
    // stop() would tell the others: take the row's place back afterwards.
    const auto id = membership.me();
    auto rows = members();
    wait(membership.stop());
    observer_->write_now([&](store::Session& session) {
      for (const auto& row : rows) {
        if (row.id != id) continue;
        session.exec(
            "insert into hosts(id, name, slot, version, address, joined_at, beat, passes) values (:id, "
            ":name, :slot, "
            ":version, :address, :at, :beat, :passes)",
            {row.id, row.name, row.slot, row.version, row.address, row.joined_at, row.beat, row.passes});
        for (std::size_t i = 0; i < kPartitions; ++i) {
          if (membership.owned().has_partition(i))
            session.exec("update partitions set host = :host where id = :id",
                         {id, static_cast<std::int64_t>(i)});
        }
      }
    });
  }
  template <class T>
  T wait(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    reach([&] { return future.wait_for(0s) == std::future_status::ready; });
    return future.get();
  }
  template <class F>
  bool reach(F holds, Duration limit = 60s) {
    for (Duration passed{0}; passed < limit && !holds(); passed += 50ms) {
      io_.restart();
      io_.run_for(5ms);
      if (!holds()) clock_.advance(50ms);
    }
    return holds();
  }
  std::vector<Member> members() { return wait(list_members(*observer_)); }
  static std::size_t share(const Host& host) { return host.membership->owned().get().count(); }
  // Every partition has one host.
  bool complete() const {
    Partitions all;
    for (const auto& host : hosts_) {
      if (host->stopped) continue;
      if ((all & host->membership->owned().get()).any()) return false;
      all |= host->membership->owned().get();
    }
    return all.all();
  }

  asio::io_context io_;
  ManualClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  support::FreshDatabase database_{support::Database::postgresql};
  std::unique_ptr<store::Store> observer_ = database_.open();
  std::vector<std::unique_ptr<store::Store>> store_of_dead_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

TEST_F(MembershipTest, OneHostWorksForEverythingAtOnce) {  // OPS-8
  auto& one = start("one");
  EXPECT_TRUE(one.membership->owned().get().all());
  EXPECT_TRUE(one.gained.all());
  EXPECT_EQ(members().at(0).address, "http://one");
}

TEST_F(MembershipTest, AnotherHostGetsHalfAndNoPartitionHasTwo) {  // OPS-8
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(one) == 128 && share(two) == 128; }));
  EXPECT_TRUE(complete());
  EXPECT_EQ(one.left, two.gained);
  auto& three = start("three");
  ASSERT_TRUE(reach([&] { return share(three) >= 85 && complete(); }));
  const auto all = members();
  EXPECT_NE(all.at(0).slot, all.at(1).slot);
}

TEST_F(MembershipTest, WhatAHostThatEndsHeldIsTakenAtOnce) {  // OPS-7, OPS-8
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(two) == 128 && complete(); }));
  stop(one);
  EXPECT_TRUE(reach([&] { return share(two) == 256; }, 5s));
}

TEST_F(MembershipTest, WhatADeadHostHeldIsTakenWithinTenSeconds) {  // OPS-8
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(two) == 128 && complete(); }));
  kill(one);
  EXPECT_FALSE(reach([&] { return share(two) == 256; }, 4s));  // it might only be slow
  EXPECT_TRUE(reach([&] { return share(two) == 256; }, 6s));
  EXPECT_EQ(members().size(), 1U);
}

TEST_F(MembershipTest, AHostThatComesBackHasItsOwnAtOnce) {  // OPS-8
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(one) == 128 && share(two) == 128 && complete(); }));
  const auto before = one.membership->owned().get();
  const auto dead = one.membership->me();
  kill(one);
  auto& again = start("one");
  EXPECT_EQ(again.membership->owned().get(), before);
  EXPECT_NE(again.membership->me(), dead);
  EXPECT_EQ(share(two), 128U);
}

TEST_F(MembershipTest, AHostThatWasDeclaredDeadHearsOfItAndWorksNoMore) {  // OPS-8
  auto& one = start("one");
  observer_->write_now([](store::Session& session) { session.exec("delete from hosts"); });
  ASSERT_TRUE(reach([&] { return one.lost; }));
  EXPECT_TRUE(one.membership->owned().get().none());
}

TEST_F(MembershipTest, WhileTheStoreIsAwayNobodyIsDeclaredDead) {  // OPS-9
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(one) == 128 && share(two) == 128; }));
  observer_->write_now(
      [](store::Session& session) { session.script("alter table hosts rename to hosts_away"); });
  EXPECT_FALSE(reach([&] { return one.lost || two.lost; }, 30s));
  observer_->write_now(
      [](store::Session& session) { session.script("alter table hosts_away rename to hosts"); });
  EXPECT_FALSE(reach([&] { return one.lost || two.lost || share(one) != 128; }, 20s));
}

TEST_F(MembershipTest, ALockIsOneHostsUntilItIsReleasedOrDead) {  // OPS-8
  auto& one = start("one");
  auto& two = start("two");
  auto held = wait(one.membership->lock(7));
  auto wanted = asio::co_spawn(io_, two.membership->lock(7), asio::use_future);
  const auto have = [&] { return wanted.wait_for(0s) == std::future_status::ready; };
  EXPECT_FALSE(reach(have, 2s));
  held.reset();
  EXPECT_TRUE(reach(have, 2s));
  auto second = wanted.get();
  wanted = asio::co_spawn(io_, one.membership->lock(7), asio::use_future);
  EXPECT_FALSE(reach(have, 2s));
  observer_->write_now([&](store::Session& session) {
    session.exec("delete from hosts where id = :id", {two.membership->me()});
  });
  EXPECT_TRUE(reach(have, 2s));
}

TEST_F(MembershipTest, SettlingWaitsUntilEveryOtherHostHasLooked) {  // HOOK-4
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(two) == 128; }));
  const auto before = two.passes;
  wait(one.membership->settle());
  EXPECT_GE(two.passes, before + 1);
  kill(two);
  wait(one.membership->settle());  // whoever is dead is not waited for
  EXPECT_EQ(members().size(), 1U);
}

TEST_F(MembershipTest, OneThatIsEndingTakesNothing) {  // OPS-7
  auto& one = start("one");
  auto& two = start("two");
  ASSERT_TRUE(reach([&] { return share(one) == 128 && share(two) == 128; }));
  two.membership->quiesce();
  stop(one);
  EXPECT_FALSE(reach([&] { return share(two) > 128; }, 5s));
}

}  // namespace
}  // namespace patchbay::cluster
