#pragma once

#include "bench/figure.hpp"

namespace patchbay::bench {

// S6: calls of a plugin with real JSON work (an update of 700 bytes into an event), 64 in flight, in a worker
// against the same library in this process. This side has one thread.
Figure plugin_calls(const Settings& settings);

}  // namespace patchbay::bench
