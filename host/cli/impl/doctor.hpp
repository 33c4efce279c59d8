#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"

namespace patchbay::cli {

struct DoctorOptions {
  bool outward = false;           // ask for addresses of the hosts that plugins talk to
  std::vector<std::string> mail;  // servers to reach
};

// What a host needs, running or not: [{"check", "state", "finding"}], and whether anything is at fault.
// Writes nothing.
std::pair<nlohmann::json, bool> look_at_everything(const config::Config& config,
                                                   const DoctorOptions& options = {});

}  // namespace patchbay::cli
