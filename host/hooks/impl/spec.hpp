#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"

namespace patchbay::hooks {

// Reading of the small JSON objects in a manifest. Everything throws Error{invalid} that names the field.

// An object with no other fields than these. `part` says what is read ("verify").
nlohmann::json parse_spec(const std::string& text, std::string_view part,
                          std::initializer_list<std::string_view> fields);
[[noreturn]] void refuse_field(const std::string& field);
std::string string_field(const nlohmann::json& spec, const std::string& field);
std::string string_field(const nlohmann::json& spec, const std::string& field, std::string otherwise);
// One string, or a list of one or more.
std::vector<std::string> strings_field(const nlohmann::json& spec, const std::string& field);
std::string lower_case(std::string text);
// What follows `prefix`, if `text` begins with it.
bool take_prefix(std::string_view& text, std::string_view prefix);

}  // namespace patchbay::hooks
