#include "support/temp_folder.hpp"

#include <stdlib.h>

#include <filesystem>
#include <system_error>

namespace patchbay::support {

TempFolder::TempFolder() : path_((std::filesystem::temp_directory_path() / "patchbay-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace patchbay::support
