#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace patchbay::plugin {

// "2026-11-21T09:37:30.125Z", "2026-11-21T12:37:30+03:00"; nothing when it is no such time.
std::optional<TimePoint> parse_rfc3339(const std::string& text);

}  // namespace patchbay::plugin
