#pragma once

#include <string>

#include <patchbay/plugin.hpp>

#include "api.hpp"
#include "remote.hpp"

namespace telegram {

// The address of the Bot API in the settings, without slashes at its end. Throws Error(PB_INVALID) with a
// diagnostic.
std::string api_base(const Json& settings);

// pb.lifecycle/1:check: who the bot is, and what stands in the way of its messages.
patchbay::Task<patchbay::CheckReply> check_bot(patchbay::Configuration configuration, const Api& api,
                                               const Remote& remote);

}  // namespace telegram
