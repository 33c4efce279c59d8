#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::hooks {

using Fields = std::vector<std::pair<std::string, std::string>>;

// Fields of a query or of an application/x-www-form-urlencoded body, decoded, in order of arrival. Takes any
// bytes: a '%' without two digits stands for itself. At most 1,000 fields are read, the rest is dropped.
Fields parse_form(std::string_view text);

// The first field of that name.
std::optional<std::string> form_field(std::string_view text, std::string_view name);

// Whether nothing could be written otherwise, by one byte, without changing what parse_form() reads: every
// field is "name=value", none is left out, and a blank is '+'. A signature over the fields of any other says
// nothing about its bytes.
bool is_exact_form(std::string_view text);

// Whether a Content-Type says application/x-www-form-urlencoded, parameters apart.
bool is_form_type(std::string_view content_type);

}  // namespace patchbay::hooks
