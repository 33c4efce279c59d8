#pragma once

#include <memory>

#include "config/config.hpp"
#include "store/store.hpp"

namespace patchbay::cli {

enum class Schema {
  up_to_date,  // its tables are migrated unless a host is running on it, then Error{conflict}
               // "store.older_schema" is thrown
  as_it_is
};

// The store of this configuration. Makes the state folder when there is none.
std::unique_ptr<store::Store> open_store(const config::Config& config, Schema schema = Schema::up_to_date);

}  // namespace patchbay::cli
