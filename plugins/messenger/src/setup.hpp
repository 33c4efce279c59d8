#pragma once

#include <string>
#include <vector>

#include <patchbay/plugin.hpp>

#include "account.hpp"

namespace messenger {

// pb.setup/1: sign in, choose pages, done (FB-1). Each step is a function of what it is given; the host keeps
// where a set-up stands.
patchbay::Task<patchbay::StepReply> next_step(const Account& account, patchbay::StepRequest request);

// The pages for the field of the form, for whoever goes without steps.
patchbay::Task<std::vector<patchbay::Choice>> page_choices(const Account& account);

}  // namespace messenger
