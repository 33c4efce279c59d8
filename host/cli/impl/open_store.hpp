#pragma once

#include <memory>

#include "config/config.hpp"
#include "store/store.hpp"

namespace patchbay::cli {

// The store of this configuration with its tables up to date: they are migrated unless a host is running on
// it, then Error{conflict} "store.older_schema" is thrown. Makes the state folder when there is none.
std::unique_ptr<store::Store> open_store(const config::Config& config);

}  // namespace patchbay::cli
