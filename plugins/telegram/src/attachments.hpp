#pragma once

#include <string>

#include "using.hpp"

namespace telegram {

// The attachments of a Message as verbs.md has them: an array, empty when it holds no file. `file` inside is
// what `fetch` gets back; it carries name, type and size, because the provider's getFile has forgotten them.
// `message_id` only makes up names for files that have none.
Json attachments_of(const Json& message, const std::string& message_id);

}  // namespace telegram
