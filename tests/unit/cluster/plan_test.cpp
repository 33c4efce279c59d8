#include "cluster/impl/plan.hpp"

#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace patchbay::cluster {
namespace {

Holders all_of(Id host) {
  Holders holders{};
  holders.fill(host);
  return holders;
}

std::map<Id, std::size_t> counts(const Holders& holders) {
  std::map<Id, std::size_t> out;
  for (const auto holder : holders) ++out[holder];
  return out;
}

// One host after the other does what its plan says.
void act(Holders& holders, const std::vector<Id>& live) {
  for (const auto host : live) {
    const auto plan = plan_for(host, live, holders);
    for (const auto partition : plan.take) holders.at(partition) = host;
    for (const auto partition : plan.give) holders.at(partition) = 0;
  }
}

TEST(Plan_OPS8, OneHostTakesEverything) {
  const auto plan = plan_for(1, {1}, Holders{});
  EXPECT_EQ(std::set<std::size_t>(plan.take.begin(), plan.take.end()).size(), kPartitions);
  EXPECT_TRUE(plan.give.empty());
}

TEST(Plan_OPS8, ANewHostIsGivenItsShareAndNobodyElseMoves) {
  const auto plan = plan_for(1, {1, 2}, all_of(1));
  EXPECT_EQ(plan.give.size(), kPartitions / 2);
  EXPECT_TRUE(plan.take.empty());
  EXPECT_TRUE(plan_for(2, {1, 2}, all_of(1)).take.empty());  // none is free yet
}

TEST(Plan_OPS8, WhatADeadHostHeldIsShared) {
  Holders holders{};
  for (std::size_t i = 0; i < kPartitions; ++i) holders.at(i) = static_cast<Id>(i % 3 + 1);
  const auto one = plan_for(1, {1, 2}, holders);
  const auto two = plan_for(2, {1, 2}, holders);
  EXPECT_TRUE(one.give.empty());
  std::set<std::size_t> taken(one.take.begin(), one.take.end());
  taken.insert(two.take.begin(), two.take.end());
  EXPECT_EQ(taken.size(), one.take.size() + two.take.size());  // they do not want the same
  EXPECT_EQ(taken.size(), counts(holders)[3]);
}

TEST(Plan_OPS8, NobodyGivesWhatIsFreeAlready) {
  Holders holders = all_of(1);
  for (std::size_t i = 0; i < 128; ++i) holders.at(i) = 0;
  EXPECT_TRUE(plan_for(1, {1, 2}, holders).give.empty());
  EXPECT_EQ(plan_for(2, {1, 2}, holders).take.size(), 128U);
}

TEST(Plan_OPS8, WhoeverComesAndGoesAllIsSharedEvenlyInAFewRounds) {
  std::mt19937 random(7);
  Holders holders{};
  std::vector<Id> live = {1};
  Id next = 2;
  for (int round = 0; round < 300; ++round) {
    if (live.size() < 2 || (live.size() < 9 && random() % 2 == 0))
      live.push_back(next++);
    else
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(random() % live.size()));
    for (int i = 0; i < 3; ++i) act(holders, live);
    const auto shares = counts(holders);
    for (const auto host : live) {
      EXPECT_GE(shares.at(host), kPartitions / live.size());
      EXPECT_LE(shares.at(host), kPartitions / live.size() + 1);
    }
    const auto before = holders;
    act(holders, live);
    EXPECT_EQ(before, holders) << "what is even stays";
  }
}

TEST(Owned, IsEverythingUntilItIsSaid) {
  Owned owned;
  EXPECT_TRUE(owned.has(123456789012345));
  EXPECT_EQ(owned.some(), std::nullopt);
  Partitions some;
  some.set(0);
  some.set(65);
  owned.set(some);
  EXPECT_EQ(owned.some(), "{0,65}");
  EXPECT_TRUE(owned.has(Id{65} << 22));
  EXPECT_FALSE(owned.has(Id{66} << 22));
  EXPECT_EQ(owned.get(), some);
}

}  // namespace
}  // namespace patchbay::cluster
