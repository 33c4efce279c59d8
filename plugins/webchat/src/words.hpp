#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace webchat {

// Words that strangers send, made fit to be shown.

// Without control characters, marks that turn the direction of writing, and spaces around; at most `most`
// bytes, cut between characters.
std::string one_line(std::string_view text, std::size_t most);

// "image/png" of "Image/PNG; charset=x"; empty for what is no MIME type.
std::string mime_type(std::string_view header);

// Whether one of `patterns` ("image/png", "image/*", "*/*") covers the type.
bool covers(const std::vector<std::string>& patterns, std::string_view type);

// A field of a query ("a=1&b=%20"), decoded; empty when it is missing.
std::string query_field(std::string_view query, std::string_view name);

// Whether a link with it is safe to follow from a chat: http, https, mailto, tel.
bool is_safe_link(std::string_view url);

}  // namespace webchat
