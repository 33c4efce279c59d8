#include "jobs/impl/turns.hpp"

#include <gtest/gtest.h>

#include <string>

namespace patchbay::jobs {
namespace {

// Whose turn it is until nobody has one any more.
std::string all(Turns& turns) {
  std::string out;
  while (const auto job = turns.next()) out += std::to_string(*job) + " ";
  return out;
}

TEST(Turns_JOB3, IntegrationsTakeTurnsWhateverTheyHaveWaiting) {
  Turns turns(10, 10);
  for (const Id job : {11, 12, 13, 14}) turns.add(1, job);
  turns.add(2, 21);
  turns.add(3, 31);
  EXPECT_EQ(all(turns), "11 21 31 12 13 14 ");
}

TEST(Turns_JOB3, OneIntegrationHasItsShareOnly) {
  Turns turns(10, 2);
  for (const Id job : {11, 12, 13}) turns.add(1, job);
  turns.add(2, 21);
  EXPECT_EQ(all(turns), "11 21 12 ");
  turns.ended(1);
  EXPECT_EQ(all(turns), "13 ");
}

TEST(Turns_JOB3, NoMoreRunThanThereIsRoom) {
  Turns turns(2, 2);
  for (const Id integration : {1, 2, 3}) turns.add(integration, integration * 10);
  EXPECT_EQ(all(turns), "10 20 ");
  EXPECT_TRUE(turns.anyone_waits());
  turns.ended(2);
  EXPECT_EQ(all(turns), "30 ");
  EXPECT_FALSE(turns.anyone_waits());
}

TEST(Turns, WhoWaitsIsNotAddedTwiceAndCanBeTakenOut) {
  Turns turns(10, 10);
  turns.add(1, 11);
  turns.add(1, 11);
  turns.add(1, 12);
  turns.add(2, 21);
  turns.remove(1, 11);
  turns.remove(2, 21);
  turns.remove(3, 31);
  EXPECT_EQ(all(turns), "12 ");
}

TEST(Turns, EndsThatNobodyBeganChangeNothing) {
  Turns turns(1, 1);
  turns.ended(1);
  turns.add(1, 11);
  EXPECT_EQ(all(turns), "11 ");
  turns.ended(2);
  turns.add(1, 12);
  EXPECT_EQ(all(turns), "");
}

}  // namespace
}  // namespace patchbay::jobs
