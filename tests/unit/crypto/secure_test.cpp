#include "crypto/secure.hpp"

#include <gtest/gtest.h>

namespace patchbay::crypto {
namespace {

TEST(Equal, ComparesContentAndLength) {
  EXPECT_TRUE(equal("", {}));
  EXPECT_TRUE(equal("token", "token"));
  EXPECT_FALSE(equal("token", "tokem"));
  EXPECT_FALSE(equal("token", "token "));
  EXPECT_FALSE(equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(RandomBytes, HaveTheLengthAskedForAndDiffer) {
  EXPECT_EQ(random_bytes(0).size(), 0u);
  EXPECT_EQ(random_bytes(1000).size(), 1000u);
  EXPECT_NE(random_bytes(32), random_bytes(32));
}

}  // namespace
}  // namespace patchbay::crypto
