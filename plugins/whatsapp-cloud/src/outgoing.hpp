#pragma once

#include <optional>
#include <string>

#include "using.hpp"

namespace whatsapp {

// The body of POST /{number}/messages that sends one part of a message. `request` is SendRequest of verbs.md;
// `media`: what WhatsApp called its file when it was uploaded, "" without one. Nothing when there is nothing
// to see: a part of a long text may be all blank. Pure. Throws Error(PB_INVALID) for what cannot be sent.
std::optional<Json> message_for(const Json& request, const std::string& media);

// The file of such a part, null without one. Throws Error(PB_INVALID) when there are several.
Json file_of(const Json& request);

}  // namespace whatsapp
