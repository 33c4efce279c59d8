#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::domain::chat {

// How a channel counts the length of a text.
enum class Unit { utf16, characters, bytes };

std::size_t length_in(std::string_view text, Unit unit);

// Cuts `text` (valid UTF-8) into parts of at most `limit` units. A cut comes after the last line break or
// space in the last quarter of the part, else at a grapheme boundary, so that no emoji, flag or letter with
// its marks is torn. Only a grapheme longer than a whole part is cut, between two of its code points. Nothing
// is trimmed: the parts joined are the text. Empty text has no parts. A `limit` too small for one code point
// holds one code point.
std::vector<std::string> split_text(std::string_view text, std::size_t limit, Unit unit = Unit::utf16);

}  // namespace patchbay::domain::chat
