#pragma once

#include <cstddef>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace patchbay::web {

// A JSON text from outside. Throws StatusError 400 that names line and column, also for text nested deeper
// than 64.
nlohmann::json parse_json_body(std::string_view text);

// Whether a Content-Type says JSON (application/json or a +json type), parameters apart.
bool is_json_type(std::string_view content_type);

}  // namespace patchbay::web
