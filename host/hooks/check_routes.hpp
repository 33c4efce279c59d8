#pragma once

#include "plugin/manifest.hpp"

namespace patchbay::hooks {

// Whether routes of this manifest could be mounted, whatever an administrator fills in (HOST-3). Throws
// Error{invalid} that names the route and what is wrong with it.
void check_routes(const plugin::Manifest& manifest);

}  // namespace patchbay::hooks
