#pragma once

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::app {

// The highest id in the store, so that a clock that was set back repeats none.
Id highest_id(store::Store& store);

}  // namespace patchbay::app
