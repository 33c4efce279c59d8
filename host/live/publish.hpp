#pragma once

#include "base/clock.hpp"
#include "live/topics.hpp"
#include "plugin/services.hpp"

namespace patchbay::live {

// pb.live/1:publish, for plugins whose manifest needs it: an event in a topic of the integration that asks,
// durable before the answer. 500 at once for an integration, and 50 a second after that; data of 64 KiB. All
// of them outlive the services.
void add_publish(plugin::Services& services, Topics& topics, const Clock& clock);

}  // namespace patchbay::live
