#pragma once

#include <optional>
#include <string>

#include "api.hpp"

namespace twilio {

// The form that sends one part of a message (POST .../Messages.json), without the address of a file.
// `request` is SendRequest of verbs.md. Nothing when there is nothing to see: a part of a long text may be
// all blank, and Twilio refuses that. Pure. Throws Error(PB_INVALID) for what cannot be sent at all.
std::optional<Form> outgoing(const Json& request, const Account& account);

}  // namespace twilio
