#include "net/rate_buckets.hpp"

#include <gtest/gtest.h>

namespace patchbay::net {
namespace {

using namespace std::chrono_literals;
using Want = RateBuckets::Want;

class RateBucketsTest : public ::testing::Test {
 protected:
  ManualClock clock_{TimePoint(1'800'000'000'000ms)};
  RateBuckets buckets_{clock_};
  const Rate one_a_second_{1, 1s, 3};
  const std::vector<Want> chat_{Want("chat", Rate(1, 1s, 3))};
};

TEST_F(RateBucketsTest, GivesABurstThenOneInAPeriod) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(buckets_.take(chat_), 0ms);
  EXPECT_EQ(buckets_.take(chat_), 1000ms);
  clock_.advance(400ms);
  EXPECT_EQ(buckets_.take(chat_), 600ms);
  clock_.advance(600ms);
  EXPECT_EQ(buckets_.take(chat_), 0ms);
  EXPECT_EQ(buckets_.take(chat_), 1000ms);
}

TEST_F(RateBucketsTest, NeverHoldsMoreThanABurst) {
  buckets_.take(chat_);
  clock_.advance(1h);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(buckets_.take(chat_), 0ms);
  EXPECT_GT(buckets_.take(chat_), 0ms);
}

TEST_F(RateBucketsTest, TakesFromAllBucketsOrNone) {
  const std::vector<Want> both{Want("chat", Rate(1, 1s, 1)), Want("bot", Rate(30, 1s, 30))};
  EXPECT_EQ(buckets_.take(both), 0ms);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(buckets_.take(both), 1000ms);
  const std::vector<Want> bot{Want("bot", Rate(30, 1s, 30))};
  for (int i = 0; i < 29; ++i) EXPECT_EQ(buckets_.take(bot), 0ms) << i;
  EXPECT_GT(buckets_.take(bot), 0ms);
}

TEST_F(RateBucketsTest, PausesOneBucketAndNoOther) {
  buckets_.pause("chat", 17s);
  buckets_.pause("chat", 2s);
  EXPECT_EQ(buckets_.paused("chat"), 17s);
  EXPECT_EQ(buckets_.take(chat_), 17s);
  EXPECT_EQ(buckets_.take({Want("other", one_a_second_)}), 0ms);
  clock_.advance(17s);
  EXPECT_EQ(buckets_.paused("chat"), 0s);
  EXPECT_EQ(buckets_.take(chat_), 0ms);
}

TEST_F(RateBucketsTest, WaitingAsToldIsEnoughForOddRates) {
  const std::vector<Want> odd{Want("odd", Rate(7, 3s, 1))};
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(buckets_.take(odd), 0ms);
    clock_.advance(buckets_.take(odd));
  }
}

TEST_F(RateBucketsTest, ForgetsBucketsThatAreFullAgain) {
  for (int i = 0; i < 5000; ++i) {
    buckets_.take({Want("chat" + std::to_string(i), one_a_second_)});
    clock_.advance(10ms);
  }
  EXPECT_LT(buckets_.size(), 2100u);
}

}  // namespace
}  // namespace patchbay::net
