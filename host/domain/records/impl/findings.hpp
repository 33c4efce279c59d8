#pragma once

#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "schema/schema.hpp"

namespace patchbay::domain::records {

using Findings = std::vector<Diagnostic>;

// Throws Error{invalid} "domain.refused" with all of them, unless there are none.
inline void throw_if_any(Findings findings) {
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
}

}  // namespace patchbay::domain::records
