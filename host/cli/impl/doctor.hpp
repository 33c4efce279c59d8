#pragma once

#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"

namespace patchbay::cli {

// What a host needs, running or not: [{"check", "state", "finding"}], and whether anything is at fault.
// Writes nothing.
std::pair<nlohmann::json, bool> look_at_everything(const config::Config& config);

}  // namespace patchbay::cli
