#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "schedule/hours.hpp"

namespace patchbay::domain::routing {

// {"zone": "Europe/Berlin", "week": {"monday": [{"from": "09:00", "to": "18:00"}], ...}, "closed":
// ["2026-12-31"]}; days that are left out are closed. Throws Error{invalid} with diagnostics below `path` for
// what cannot be.
schedule::Hours read_hours(const nlohmann::json& hours, const std::string& path);

}  // namespace patchbay::domain::routing
