#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace patchbay {

// "2026-11-21T09:37:30.125Z", "2026-11-21T12:37:30+03:00" (RFC 3339; its note allows a space for the T), to
// the millisecond; nothing when it is no such time. The other way: to_rfc3339, base/clock.hpp.
std::optional<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace patchbay
