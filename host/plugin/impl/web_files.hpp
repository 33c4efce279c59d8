#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "plugin/manifest.hpp"

namespace patchbay::plugin {

// The files below <folder>/web, by path; none when there is no such folder. Throws Error{invalid}
// "plugin.web_file" for what has no place there: a link, a hidden file, one that is too large.
std::map<std::string, WebFile, std::less<>> read_web_files(const std::filesystem::path& folder);

}  // namespace patchbay::plugin
