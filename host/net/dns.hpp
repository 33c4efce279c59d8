#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"

namespace patchbay::net {

// Types of records, by their numbers (RFC 1035, 2782, 3596).
enum class DnsType : std::uint16_t { a = 1, mx = 15, txt = 16, aaaa = 28, srv = 33 };

struct DnsRecord {
  std::string data;            // numeric address, host of MX and SRV ("" for the root), bytes of TXT
  std::uint32_t ttl = 0;       // seconds
  std::uint16_t priority = 0;  // MX, SRV: the lowest first
  std::uint16_t weight = 0;    // SRV
  std::uint16_t port = 0;      // SRV
};

// Names that plugins ask for. On the executor of the caller; cancellable.
class Dns {
 public:
  virtual ~Dns() = default;
  // At least one record. Throws Error: not_found when the name has none of this type, unavailable when no
  // server can be asked, deadline.
  virtual boost::asio::awaitable<std::vector<DnsRecord>> resolve(std::string name, DnsType type,
                                                                 Duration limit) = 0;
};

// Asks the machine's servers, or these: numeric addresses, with ":port" if it is not 53. `clock` outlives it.
std::unique_ptr<Dns> make_dns(Clock& clock, std::vector<std::string> servers);

// The records of one type in the answer section of a reply (RFC 1035, 4.1), the first 256. Pure. Throws
// Error{unavailable} "net.dns_broken".
std::vector<DnsRecord> read_dns_reply(std::string_view bytes, DnsType type);

// Whether a name may be asked for: labels of letters, digits, "-" and "_", 253 characters at most.
bool is_dns_name(std::string_view name);

}  // namespace patchbay::net
