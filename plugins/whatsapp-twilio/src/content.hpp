#pragma once

#include <string>

#include "form.hpp"
#include "using.hpp"

namespace twilio {

// `Content` of sdk/docs/verbs.md from a message that is called `id`.
Json content_of(const Form& form, const std::string& id);

// "image", "voice", ... of a file by its type; `message_type` is what WhatsApp calls the message.
std::string kind_of(const std::string& type, const std::string& message_type);

}  // namespace twilio
