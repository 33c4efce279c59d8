// Replies of DNS servers: bytes of a machine that is not trusted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.hpp"
#include "net/dns.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using patchbay::net::DnsType;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto type : {DnsType::a, DnsType::aaaa, DnsType::mx, DnsType::srv, DnsType::txt}) {
    try {
      const auto records = patchbay::net::read_dns_reply(bytes, type);
      if (records.size() > 256) std::abort();
      for (const auto& each : records) {
        if (each.data.size() > 4096 || each.ttl > 0x7fffffff) std::abort();
      }
    } catch (const patchbay::Error&) {
      continue;
    }
  }
  return 0;
}
