#pragma once

#include <string>
#include <vector>

#include "domain/settings/settings.hpp"
#include "plugin/catalogue.hpp"

namespace patchbay::domain::settings {

// The settings that plugins which may run here add (SET-1), with their texts; the first of a code counts. One
// whose default it cannot have is left out.
std::vector<Definition> settings_of(const plugin::Catalogue& catalogue);

// What instances of a plugin are told of its settings: {"<code>": value}, JSON; of a secret whether it is
// set.
std::string values_for(const plugin::Manifest& manifest, const Settings& settings);

// When each of them was last changed, of a plugin's: {"<code>": Unix milliseconds or null}, JSON.
std::string changes_for(const plugin::Manifest& manifest, const Settings& settings);

}  // namespace patchbay::domain::settings
