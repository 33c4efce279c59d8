#include <gtest/gtest.h>

#include "net/egress.hpp"

namespace patchbay::net {
namespace {

TEST(PublicAddress, RefusesEverySpecialIpv4Range) {  // RFC 6890
  for (const char* address :
       {"0.0.0.0",         "0.255.255.255",  "10.0.0.1",        "10.255.255.255",  "100.64.0.1",
        "100.127.255.255", "127.0.0.1",      "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255",  "192.0.0.8",      "192.0.2.1",       "192.88.99.1",     "192.168.0.1",
        "198.18.0.1",      "198.19.255.255", "198.51.100.7",    "203.0.113.9",     "224.0.0.1",
        "239.255.255.255", "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

TEST(PublicAddress, AllowsWhatLiesJustOutside) {
  for (const char* address : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                              "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255",
                              "172.32.0.0", "192.0.1.1", "198.17.0.1", "198.20.0.0", "223.255.255.255"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
}

TEST(PublicAddress, RefusesEverySpecialIpv6Range) {
  for (const char* address :
       {"::", "::1", "::7f00:1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1",
        "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:db8::1", "3fff::1", "64:ff9b:1::1", "5f00::1",
        "4000::1", "::ffff:0:8.8.8.8"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

TEST(PublicAddress, LooksInsideMappedNat64And6to4Forms) {
  for (const char* address : {"::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::169.254.169.254",
                              "64:ff9b::10.0.0.1", "2002:7f00:1::", "2002:c0a8:101::1"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
  for (const char* address :
       {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2606:4700::1111", "2a00:1450::1"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
}

TEST(PublicAddress, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "localhost", "127.1", "0177.0.0.1", "fe80::1%eth0", "8.8.8.8 ", "2130706433"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

}  // namespace
}  // namespace patchbay::net
