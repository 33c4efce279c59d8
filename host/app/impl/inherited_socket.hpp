#pragma once

#include <string_view>

namespace patchbay::app {

// The listening socket of that name that the service manager holds for us over restarts (sd_listen_fds(3),
// FileDescriptorName= of its unit), or -1. One without a name of ours counts as "http" where it is the only
// one.
int inherited_socket(std::string_view name);

}  // namespace patchbay::app
