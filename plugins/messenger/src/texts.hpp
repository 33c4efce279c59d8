#pragma once

#include <string>

#include <patchbay/error.hpp>

#include "read.hpp"

namespace messenger {

// What this plugin says to people. `id` is a key of locales/<language>.json; the English sentence goes along
// for readers that have no catalogue. `args` fill its {places}.
std::string english(const std::string& id, const Json& args = Json::object());

patchbay::Error failure(pb_code code, const std::string& id, const Json& args = Json::object());

// A finding about the setting at `path`. The remedy is the text `<id>.remedy`.
patchbay::Diagnostic finding(const std::string& path, const std::string& id,
                             const Json& args = Json::object());

// All texts, id to English: what locales/en.json has to hold.
Json all_texts();

}  // namespace messenger
