#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"

namespace patchbay::config {

// Lays PATCHBAY_<PATH>_<OF>_<KEY> over `document`; `schema` says which keys there are and their types.
// Throws Error{invalid} for a variable that names no key or cannot be read as its type.
void apply_environment(const nlohmann::json& schema, const Environment& environment,
                       nlohmann::json& document);

}  // namespace patchbay::config
