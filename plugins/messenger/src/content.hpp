#pragma once

#include <string>

#include "using.hpp"

namespace messenger {

// The Content of sdk/docs/verbs.md for one `message` of a webhook. Pure; members of the wrong type count as
// absent. Never silent: what Messenger does not hand over is named in readable text (CHAT-12).
Json content_of(const Json& message);

}  // namespace messenger
