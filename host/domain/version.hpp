#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/text.hpp"

namespace patchbay::domain {

// Throws Error{conflict} "domain.records.changed" unless the present version is the wanted one, or any is.
inline void require_version(std::int64_t present, std::optional<std::int64_t> wanted) {
  if (wanted && *wanted != present)
    throw Error(Code::conflict, Text("domain.records.changed", {{"version", std::to_string(present)}}));
}

}  // namespace patchbay::domain
