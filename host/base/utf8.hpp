#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay {

// Text from outside, made fit for a text or jsonb column: U+0000 and invalid bytes become U+FFFD.
std::string repair_utf8(std::string_view raw);
bool is_valid_utf8(std::string_view raw);

// Length in UTF-16 code units, as most providers count. `text` is valid UTF-8.
std::size_t utf16_length(std::string_view text);

}  // namespace patchbay
