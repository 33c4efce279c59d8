#pragma once

#include <patchbay/plugin.hpp>

#include "remote.hpp"

namespace messenger {

// pb.lifecycle/1:check: whose page it is, whether its token lives and may do what it must, and what keeps
// webhooks from arriving. What a setting or a new sign-in can cure is a finding. Throws Error when the
// provider's side is at fault, PB_UNAUTHENTICATED when somebody has to sign in.
patchbay::Task<patchbay::CheckReply> check_page(patchbay::Configuration configuration,
                                                const meta::Graph& graph, const Account& account,
                                                const Remote& remote);

}  // namespace messenger
