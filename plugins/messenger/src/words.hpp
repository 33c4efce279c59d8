#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace messenger {

// RFC 3339 in UTC of milliseconds since 1970, clamped to the years 1970 to 9999; milliseconds only where
// there are some.
std::string time_text(std::int64_t unix_ms);

// At most `most` characters of UTF-8; what is cut off leaves an ellipsis, which counts.
std::string excerpt(const std::string& text, std::size_t most);

// The last segment of an address' path with its percent-encoding undone; empty where there is none.
std::string file_name_of(const std::string& url);

}  // namespace messenger
