#pragma once

#include "base/task_scope.hpp"
#include "plugin/services.hpp"

namespace patchbay::plugin {

// Each adds the verbs of one extension; `parts` and `tasks` are kept by reference inside the handlers.
void add_http(Services& services, const Services::Parts& parts, TaskScope& tasks);
void add_net(Services& services, const Services::Parts& parts);
void add_oauth(Services& services, const Services::Parts& parts);
void add_secrets(Services& services, const Services::Parts& parts);
void add_state(Services& services, const Services::Parts& parts);
void add_blobs(Services& services, const Services::Parts& parts);

}  // namespace patchbay::plugin
