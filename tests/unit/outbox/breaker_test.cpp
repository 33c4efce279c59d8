#include "outbox/impl/breaker.hpp"

#include <gtest/gtest.h>

namespace patchbay::outbox {
namespace {

using namespace std::chrono_literals;

Breaker open_at(Breaker::Time now) {
  Breaker breaker;
  for (int i = 0; i < 5; ++i) breaker.failed(now);
  return breaker;
}

// OUT-3
TEST(Breaker, opens_after_five_failures_in_a_row) {
  Breaker breaker;
  for (int i = 0; i < 4; ++i) breaker.failed(1s);
  EXPECT_FALSE(breaker.succeeded());
  for (int i = 0; i < 4; ++i) breaker.failed(1s);
  EXPECT_EQ(breaker.wait(1s, 0), 0s);
  breaker.failed(1s);
  EXPECT_EQ(breaker.wait(1s, 0), 5s);
}

// OUT-3
TEST(Breaker, lets_one_call_try_and_doubles_the_pause_while_it_fails) {
  auto breaker = open_at(0s);
  EXPECT_EQ(breaker.wait(5s, 0), 0s);
  EXPECT_EQ(breaker.wait(5s, 1), Breaker::Time::max());
  breaker.failed(5s);
  EXPECT_EQ(breaker.wait(5s, 0), 10s);
  for (int i = 0; i < 10; ++i) breaker.failed(Breaker::Time(1000s * (i + 1)));
  EXPECT_EQ(breaker.wait(10'000s, 0), 30s);
}

TEST(Breaker, late_failures_of_calls_that_were_on_their_way_do_not_lengthen_the_pause) {
  auto breaker = open_at(0s);
  for (int i = 0; i < 10; ++i) breaker.failed(1s);
  EXPECT_EQ(breaker.wait(1s, 0), 4s);
}

TEST(Breaker, one_success_closes_it) {
  auto breaker = open_at(0s);
  EXPECT_TRUE(breaker.succeeded());
  EXPECT_EQ(breaker.wait(0s, 3), 0s);
}

}  // namespace
}  // namespace patchbay::outbox
