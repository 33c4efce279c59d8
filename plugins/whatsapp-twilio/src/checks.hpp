#pragma once

#include <patchbay/plugin.hpp>

#include "senders.hpp"

namespace twilio {

// pb.lifecycle/1:check: whose account it is, whether the number is one of its senders, and what stands in the
// way of its messages. Sends nothing.
patchbay::Task<patchbay::CheckReply> check_account(patchbay::Configuration configuration, const Api& api,
                                                   const Senders& senders);

}  // namespace twilio
