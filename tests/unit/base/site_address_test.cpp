#include "base/site_address.hpp"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(SiteAddress, KeepsThePathAndNoSlashAtTheEnd) {  // SET-2
  const SiteAddress address("https://desk.example:8443/app/in/");
  EXPECT_EQ(address.get(), "https://desk.example:8443/app/in");
  EXPECT_EQ(address.path(), "/app/in");
  EXPECT_TRUE(address.is_https());
  EXPECT_EQ(SiteAddress("http://desk.example/").path(), "");
  EXPECT_EQ(SiteAddress().get(), "");
  EXPECT_FALSE(SiteAddress("http://desk.example").is_https());
}

TEST(SiteAddress, AllWhoHaveItSeeAChange) {  // SET-3
  SiteAddress address("https://old.example");
  const SiteAddress theirs = address;
  EXPECT_FALSE(address.set("https://old.example/"));
  EXPECT_TRUE(address.set("https://new.example/app"));
  EXPECT_EQ(theirs.get(), "https://new.example/app");
  EXPECT_EQ(theirs.path(), "/app");
}

}  // namespace
}  // namespace patchbay
