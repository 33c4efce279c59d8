#pragma once

#include <string>

#include "store/store.hpp"

namespace patchbay::store {

// The setting store.url, taken apart. Throws Error{invalid} "store.bad_url".
struct StoreUrl {
  explicit StoreUrl(const std::string& url);
  Dialect dialect;
  std::string path;  // SQLite: of the file, absolute and without symbolic links
};

}  // namespace patchbay::store
