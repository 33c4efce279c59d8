#include "base/trace.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(Trace, KeepsTheCallersId) {
  const auto trace = Trace::from("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_EQ(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_NE(trace.traceparent().substr(36, 16), "00f067aa0ba902b7");
}

TEST(Trace, StartsAnewOnGarbage) {
  for (const auto* bad : {"", "00", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"}) {
    EXPECT_EQ(Trace::from(bad).id().size(), 32u) << bad;
  }
  EXPECT_NE(Trace::make().id(), Trace::make().id());
}

}  // namespace
}  // namespace patchbay
