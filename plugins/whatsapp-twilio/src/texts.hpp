#pragma once

#include <string>

#include <patchbay/error.hpp>

namespace twilio {

using patchbay::Json;

// What this plugin says to people. `id` is a key of locales/<language>.json, `args` fill its {places}. An id
// that no catalogue has stands for itself.
std::string english(const std::string& id, const Json& args = Json::object());

// The same in every language, for events: {"en": "...", "ru": "..."}.
Json in_all_languages(const std::string& id, const Json& args = Json::object());

bool is_text(const std::string& id);

patchbay::Error failure(pb_code code, const std::string& id, const Json& args = Json::object());

// A finding about the setting at `path`. The remedy is the text `<id>.remedy`.
patchbay::Diagnostic finding(const std::string& path, const std::string& id,
                             const Json& args = Json::object());

}  // namespace twilio
