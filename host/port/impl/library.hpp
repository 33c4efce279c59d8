#pragma once

#include "patchbay/abi.h"
#include "port/local.hpp"

namespace patchbay::port {

// The entry of an opened library, cut to what this host knows.
class Library {
 public:
  pb_entry entry{};
  Hello hello;
};

Library open_library(const LocalOptions& options);

}  // namespace patchbay::port
