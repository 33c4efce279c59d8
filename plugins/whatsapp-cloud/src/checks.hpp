#pragma once

#include <patchbay/plugin.hpp>

#include "line.hpp"
#include "remote.hpp"

namespace whatsapp {

// pb.lifecycle/1:check: whether token, secret, account and number are right and belong together, and what
// keeps messages from arriving. Each finding names the setting that cures it. Sends nothing. Throws Error
// when the provider's side is at fault.
patchbay::Task<patchbay::CheckReply> check_line(patchbay::Configuration configuration, Line& line,
                                                const Remote& remote);

}  // namespace whatsapp
