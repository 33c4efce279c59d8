#pragma once

#include <string>

#include "using.hpp"

namespace telegram {

// What a service message says, in English: "Ana joined the group". "" when the message is none.
std::string service_text(const Json& message);

// A readable form of content that no field of the contract can carry (a poll, a checklist, a kind made after
// this was written), never "". `kind` becomes the name of the content.
std::string degraded_text(const Json& message, std::string& kind);

}  // namespace telegram
