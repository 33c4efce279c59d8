#pragma once

#include <string_view>

#include "store/store.hpp"

namespace patchbay::store {

// The end of a select whose rows this transaction is going to change. On SQLite every writer is alone
// already.
inline std::string_view for_update(Dialect dialect) {
  return dialect == Dialect::postgresql ? " for update" : "";
}

}  // namespace patchbay::store
