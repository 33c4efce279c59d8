#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace patchbay::domain::settings {

// A system setting as it is described (SET-1, SET-2).
struct Definition {
  std::string_view code;  // "SimultaneousChats"
  Text title;
  Text about;
  std::string_view type;  // number; whole
  nlohmann::json standard;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view manager;  // the operation that may change it; CanManageAdministration may change all
};

// All there are, sorted by code.
const std::vector<Definition>& definitions();
// Null for a code that is none.
const Definition* find_definition(std::string_view code);

}  // namespace patchbay::domain::settings
