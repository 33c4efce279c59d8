#pragma once

#include <string>

#include "using.hpp"

namespace whatsapp {

// `Content` of sdk/docs/verbs.md from an item of messages[] or message_echoes[], called `id`. Never silent: a
// kind that cannot be shown says so. Pure.
Json content_of(const Json& message, const std::string& id);

// The reply of an interactive message or a template's button: {"data", "title"}; null where there is none.
Json press_in(const Json& message);

}  // namespace whatsapp
