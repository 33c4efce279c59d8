#pragma once

#include <string>
#include <string_view>

namespace patchbay {

// Appends `text` as a JSON string (RFC 8259), quotes included. U+0000 and invalid UTF-8 become U+FFFD.
void append_quoted(std::string& out, std::string_view text);

}  // namespace patchbay
