#pragma once

#include "config/config.hpp"

namespace patchbay::app {

// Runs the host until SIGTERM or SIGINT; 0 after a graceful stop. Throws Error when it cannot start: the
// database is away or newer, another host runs on it, the key is wrong, the address is taken.
int serve(const config::Config& config);

}  // namespace patchbay::app
