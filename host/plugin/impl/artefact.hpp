#pragma once

#include <filesystem>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// In hex. Empty file and missing file read the same.
std::string sha256_of(const std::filesystem::path& file);

// Copies the library to <artefacts>/<id>/<sha256>/<library>, unless it is there and whole, and returns that
// path. On the disk when it returns. Throws std::exception when it cannot be written.
std::filesystem::path keep_artefact(const Manifest& manifest, const std::filesystem::path& artefacts);

}  // namespace patchbay::plugin
