#pragma once

#include <cstdlib>
#include <string_view>

namespace patchbay::faults {

// The runs of the bars; else short ones.
inline bool is_full() {
  const char* full = std::getenv("PB_FULL");
  return full != nullptr && std::string_view(full) == "1";
}

}  // namespace patchbay::faults
