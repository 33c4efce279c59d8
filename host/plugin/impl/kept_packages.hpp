#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// Whole plugins, kept by content below <artefacts>/<id>/packages/<hash>/, so that there is something to go
// back to when a plugin was replaced in its own folder (HOST-4).

// Whether it holds nothing but files: links and the like are not kept.
bool is_packable(const std::filesystem::path& folder);
// In hex: of every file by path and content.
std::string hash_of_package(const std::filesystem::path& folder);
// Copies `from` unless it is there; of each plugin the last few are kept. Throws std::exception when it
// cannot be written.
void keep_package(const std::filesystem::path& from, const Manifest& manifest,
                  const std::filesystem::path& artefacts);
// The folders, in no order.
std::vector<std::filesystem::path> kept_packages(const std::filesystem::path& artefacts);

}  // namespace patchbay::plugin
