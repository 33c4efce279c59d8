#pragma once

#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace patchbay::domain::records {

using Findings = std::vector<Diagnostic>;

// Throws Error{invalid} "domain.refused" with all of them, unless there are none.
inline void throw_if_any(Findings findings) {
  if (findings.empty()) return;
  Error error(Code::invalid, Text("domain.refused"));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

}  // namespace patchbay::domain::records
