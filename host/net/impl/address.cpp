#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include <arpa/inet.h>

#include "net/egress.hpp"

namespace patchbay::net {
namespace {

struct Range4 {
  std::uint32_t base;
  int bits;
};

// RFC 6890 and its successors (IANA special-purpose registry), multicast, reserved.
constexpr std::array kClosed4 = {
    Range4{0x00000000, 8},   // this network
    Range4{0x0a000000, 8},   // private
    Range4{0x64400000, 10},  // shared, RFC 6598
    Range4{0x7f000000, 8},   // loopback
    Range4{0xa9fe0000, 16},  // link-local, metadata services
    Range4{0xac100000, 12},  // private
    Range4{0xc0000000, 24},  // protocol assignments
    Range4{0xc0000200, 24},  // documentation
    Range4{0xc0586300, 24},  // 6to4 relays
    Range4{0xc0a80000, 16},  // private
    Range4{0xc6120000, 15},  // benchmarking
    Range4{0xc6336400, 24},  // documentation
    Range4{0xcb007100, 24},  // documentation
    Range4{0xe0000000, 4},   // multicast
    Range4{0xf0000000, 4},   // reserved, broadcast
};

bool is_public4(std::uint32_t address) {
  return std::none_of(kClosed4.begin(), kClosed4.end(), [address](const Range4& range) {
    return (address ^ range.base) >> (32 - range.bits) == 0;
  });
}

using Bytes16 = std::array<std::uint8_t, 16>;

std::uint32_t word_at(const Bytes16& address, std::size_t at) {
  return static_cast<std::uint32_t>(address[at]) << 24 | static_cast<std::uint32_t>(address[at + 1]) << 16 |
         static_cast<std::uint32_t>(address[at + 2]) << 8 | address[at + 3];
}

bool is_public6(const Bytes16& address) {
  const std::uint32_t first = word_at(address, 0);
  const bool middle_is_zero = word_at(address, 4) == 0;
  if (first == 0 && middle_is_zero && word_at(address, 8) == 0xffff)
    return is_public4(word_at(address, 12));  // mapped
  if (first == 0x0064ff9b && middle_is_zero && word_at(address, 8) == 0)
    return is_public4(word_at(address, 12));                          // NAT64
  if (first >> 16 == 0x2002) return is_public4(word_at(address, 2));  // 6to4
  if (first >> 29 != 1) return false;                                 // only 2000::/3 is global unicast
  if (first >> 9 == 0x20010000u >> 9) return false;  // 2001::/23: Teredo, benchmarking, ORCHID
  if (first == 0x20010db8) return false;             // documentation
  return first >> 12 != 0x3fff0000u >> 12;           // documentation, RFC 9637
}

}  // namespace

bool is_public_address(std::string_view numeric) {
  const std::string text(numeric);
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public4(ntohl(four.s_addr));
  Bytes16 six{};
  if (::inet_pton(AF_INET6, text.c_str(), six.data()) == 1) return is_public6(six);
  return false;
}

}  // namespace patchbay::net
