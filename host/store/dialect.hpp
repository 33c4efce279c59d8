#pragma once

#include <string>
#include <string_view>

#include "store/store.hpp"

namespace patchbay::store {

// The end of a select whose rows this transaction is going to change. On SQLite every writer is alone
// already.
inline std::string_view for_update(Dialect dialect) {
  return dialect == Dialect::postgresql ? " for update" : "";
}

// The length of a text in bytes.
inline std::string bytes_of(Dialect dialect, const std::string& column) {
  return dialect == Dialect::postgresql ? "octet_length(" + column + ")"
                                        : "length(cast(" + column + " as blob))";
}

}  // namespace patchbay::store
