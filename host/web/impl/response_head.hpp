#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// How one answer goes out.
class Framing {
 public:
  bool keep_alive = true;
  bool http11 = true;
  bool bodiless = false;                // HEAD, 204, 304
  std::optional<std::uint64_t> length;  // nothing: chunks, or until the end of the connection
  std::string_view date;
  std::string_view request_id;
  bool secured = false;  // over TLS
};

// Appends status line and fields. Values with control characters are left out: nobody splits our answers.
void write_head(std::string& out, const Response& response, const Framing& framing);

// "Sat, 21 Nov 2026 10:02:35 GMT" (RFC 9110, 5.6.7).
std::string http_date(TimePoint time);

}  // namespace patchbay::web
