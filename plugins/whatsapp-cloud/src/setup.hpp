#pragma once

#include <patchbay/plugin.hpp>

#include "line.hpp"
#include "remote.hpp"

namespace whatsapp {

// pb.setup/1:step: ids and secrets, which are tried at once; then the address to paste, only where the app of
// another program would have to be changed by hand. The integration is named after the number's verified
// name.
patchbay::Task<patchbay::StepReply> next_step(patchbay::StepRequest request,
                                              patchbay::Configuration configuration, Line& line,
                                              const Remote& remote);

}  // namespace whatsapp
