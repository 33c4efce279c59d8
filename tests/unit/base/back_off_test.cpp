#include "base/back_off.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(BackOff, DoublesUpToTheLongest) {
  const Duration first{100};
  const Duration longest{350};
  EXPECT_EQ(back_off(first, longest, 0), first);
  EXPECT_EQ(back_off(first, longest, 1), first);
  EXPECT_EQ(back_off(first, longest, 2), Duration(200));
  EXPECT_EQ(back_off(first, longest, 3), longest);
  EXPECT_EQ(back_off(first, longest, 1'000'000), longest);
  EXPECT_EQ(back_off(longest, first, 1), first);
}

}  // namespace
}  // namespace patchbay
