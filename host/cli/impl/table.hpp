#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace patchbay::cli {

// Prints rows of objects as an aligned table with the given columns ("id", "state", "reason.text"), or as
// JSON.
void print_list(const nlohmann::json& items, const std::vector<std::string>& columns, bool as_json);

// One object: "key: value" lines, or JSON.
void print_object(const nlohmann::json& object, bool as_json);

}  // namespace patchbay::cli
