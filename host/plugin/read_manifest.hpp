#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// Reads <folder>/plugin.json and the files that it names; runs nothing. Throws Error{invalid} whose text
// tells the author what is wrong and where: no manifest, broken JSON, unknown key, schema that is no schema,
// missing library, extension that this host does not offer.
Manifest read_manifest(const std::filesystem::path& folder);

// The pure part, for fuzzing: the manifest's text alone, no files.
Manifest parse_manifest(std::string_view text);

// The extensions that this host offers to plugins.
const std::vector<std::string>& host_extensions();

// Whether version `a` is older than `b` (semver.org, 11).
bool is_older(std::string_view a, std::string_view b);

}  // namespace patchbay::plugin
