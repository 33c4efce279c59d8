#pragma once

#include <cstdint>
#include <string>

#include "base/id.hpp"

namespace patchbay::cluster {

// A host that works on the store.
struct Member {
  Id id = 0;              // of this life of it
  std::string name;       // the same over restarts
  std::int64_t slot = 0;  // its number in ids that it mints
  std::string version;
  std::string address;
  std::int64_t joined_at = 0;  // Unix milliseconds
  std::int64_t beat = 0;
  std::int64_t passes = 0;
  std::string keys;  // ids of the master keys that it has, with blanks between
  std::size_t partitions = 0;
};

}  // namespace patchbay::cluster
