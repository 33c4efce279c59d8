#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::net {

// Percent-encoding (RFC 3986): all but unreserved characters, and those in `plain`.
std::string percent_encode(std::string_view text, std::string_view plain = {});

// Fields as a query or an application/x-www-form-urlencoded body, in their order.
using Fields = std::vector<std::pair<std::string, std::string>>;
std::string encode_form(const Fields& fields);

}  // namespace patchbay::net
