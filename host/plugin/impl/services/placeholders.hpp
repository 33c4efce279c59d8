#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::plugin {

// Where a value goes, and so how it is written there.
enum class Place { plain, path, query };

// Names as "secret:token", "profile:client_secret", "system:ApiKey", "oauth:account" or
// "grant:account.page_token".
using SecretNames = std::set<std::string>;
using SecretValues = std::map<std::string, std::string>;

// Pure functions on templates with {{secret:name}}, {{profile:name}}, {{system:code}}, {{oauth:name}},
// {{grant:name.part}} and
// {{hmac-sha256-hex:secret:name:message}}, whose message may hold placeholders of the other kinds.
// Everything else in double braces is text and stays.

// Adds what `text` needs. Throws Error{unsupported} for a name that is none.
void collect_names(std::string_view text, SecretNames& names);
// Every name in `text` must be in `values`.
std::string fill(std::string_view text, const SecretValues& values, Place place);
bool has_placeholder(std::string_view text);
// The two sides of the first colon that stands in no placeholder; the second is empty without one.
std::pair<std::string_view, std::string_view> split_at_colon(std::string_view text);

// Percent-encoding (RFC 3986) for a path segment or for the name or value of a query or form.
std::string percent_encode(std::string_view text, Place place);

}  // namespace patchbay::plugin
