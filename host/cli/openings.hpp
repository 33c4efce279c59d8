#pragma once

#include "config/config.hpp"

namespace patchbay::cli {

// Throws Error{invalid} "cli.bad_opening" that names an entry of egress.allow or listen.trusted_proxies that
// cannot be understood.
void require_openings(const config::Config& config);

}  // namespace patchbay::cli
