#include "web/forwarded.hpp"

#include <gtest/gtest.h>

namespace patchbay::web {
namespace {

bool is_ours(const std::string& numeric) {
  return numeric == "10.0.0.1" || numeric == "10.0.0.2" || numeric == "fd00::1";
}

std::string client(const std::string& peer, const std::string& header) {
  return client_of(peer, header, is_ours);
}

TEST(Forwarded_OPS12, NobodyIsBelievedButTrustedProxies) {
  EXPECT_EQ(client("192.0.2.9", "198.51.100.1"), "192.0.2.9");
  EXPECT_EQ(client("10.0.0.1", "198.51.100.1"), "198.51.100.1");
  EXPECT_EQ(client_of("10.0.0.1", "198.51.100.1", {}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.1", ""), "10.0.0.1");
}

TEST(Forwarded_OPS12, TheLastOneThatIsNoProxyIsTheClient) {
  EXPECT_EQ(client("10.0.0.1", "203.0.113.7, 198.51.100.1 ,10.0.0.2"),
            "198.51.100.1");  // the first is invented
  EXPECT_EQ(client("fd00::1", "2001:db8::5"), "2001:db8::5");
  EXPECT_EQ(client("10.0.0.1", "10.0.0.2"), "10.0.0.2");
}

TEST(Forwarded_OPS12, PortsAreLeftOut) {
  EXPECT_EQ(client("10.0.0.1", "198.51.100.1:4711"), "198.51.100.1");
  EXPECT_EQ(client("10.0.0.1", "[2001:db8::5]:4711"), "2001:db8::5");
}

TEST(Forwarded_OPS12, WhatIsNoAddressIsNotBelieved) {
  for (const char* bad : {"unknown", "198.51.100.1, evil", ",", "[", "[::1", "1.2.3", "999.1.1.1", "a:b"})
    EXPECT_EQ(client("10.0.0.1", bad), "10.0.0.1") << bad;
}

}  // namespace
}  // namespace patchbay::web
