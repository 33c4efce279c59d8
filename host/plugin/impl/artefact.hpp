#pragma once

#include <filesystem>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// Copies the library to <artefacts>/<id>/<sha256>/<library>, unless it is there, and returns that path.
std::filesystem::path keep_artefact(const Manifest& manifest, const std::filesystem::path& artefacts);

}  // namespace patchbay::plugin
