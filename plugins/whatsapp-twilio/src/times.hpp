#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace twilio {

// Unix milliseconds of a date as Twilio's API writes it (RFC 2822): "Tue, 24 Nov 2026 08:00:00 +0000".
// Nothing for what is none.
std::optional<std::int64_t> parse_rfc2822(const std::string& text);

// "2026-11-24T08:00:00Z", for queries.
std::string whole_seconds(std::int64_t unix_ms);

}  // namespace twilio
