#pragma once

#include <string_view>
#include <vector>

namespace patchbay {

// One locales/<language>.json of one module, as it was at build time: {"id": "text with {arg}"}.
struct CatalogueFile {
  std::string_view language;
  std::string_view json;
};

const std::vector<CatalogueFile>& catalogue_files();

}  // namespace patchbay
