#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "using.hpp"

namespace telegram {

// Unix time as RFC 3339 in UTC. Bot API servers count seconds; values beyond 10^11 are milliseconds (some
// test servers).
std::string time_text(std::int64_t unix_time);

// Seconds since 1970 of such a value.
std::int64_t unix_seconds(std::int64_t unix_time);

// The byte at which UTF-16 unit `unit` of a UTF-8 text begins; the end when it lies beyond.
std::size_t byte_of_unit(const std::string& text, std::int64_t unit);

// The text with the address of every hidden link ("text_link" entity) in brackets behind its words. Offsets
// of entities are UTF-16 units; wrong ones are harmless.
std::string with_links(const std::string& text, const Json& entities);

// Every line behind "> ".
std::string quoted(const std::string& text);

// At most `characters` code points of a text, with an ellipsis when it was longer.
std::string excerpt(const std::string& text, std::size_t characters);

// "Ana Kovač", else "@ana_k", else the id. `person` is a User.
std::string person_name(const Json& person);

// The title of a group or channel, the person's name of a private chat.
std::string chat_name(const Json& chat);

}  // namespace telegram
