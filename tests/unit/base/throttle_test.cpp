#include "base/throttle.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, LetsSoManyThroughInASecond) {
  Throttle throttle(2);
  EXPECT_TRUE(throttle.admit(10s));
  EXPECT_TRUE(throttle.admit(10s + 500ms));
  EXPECT_FALSE(throttle.admit(10s + 999ms));
  EXPECT_TRUE(throttle.admit(11s));
}

TEST(Throttle, TellsOnceHowManyWereOver) {
  Throttle throttle(1);
  for (int i = 0; i < 4; ++i) throttle.admit(10s);
  EXPECT_EQ(throttle.take_dropped(), 0) << "its second is not over";
  throttle.admit(11s);
  EXPECT_EQ(throttle.take_dropped(), 3);
  EXPECT_EQ(throttle.take_dropped(), 0);
  throttle.admit(11s);
  EXPECT_EQ(throttle.take_dropped(true), 1);
}

}  // namespace
}  // namespace patchbay
