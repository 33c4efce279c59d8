#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "plugin/manifest.hpp"
#include "port/remote.hpp"

namespace patchbay::app {

// Opens a plugin's library in a worker that ends at once: why it cannot be used, or nothing. Throws
// Error{unavailable} when its worker died, which may be somebody else's doing. Blocks, at worst for some
// seconds. Any thread.
std::optional<Text> open_library(port::Spawner& spawner, Clock& clock, port::Rights rights,
                                 const plugin::Manifest& manifest);

}  // namespace patchbay::app
