#pragma once

#include <array>
#include <vector>

#include "cluster/owned.hpp"

namespace patchbay::cluster {

// Who has which partition; 0: nobody who lives.
using Holders = std::array<Id, kPartitions>;

// What one host should do so that all have the same number of partitions, give or take one.
struct Plan {
  std::vector<std::size_t> take;  // that are free
  std::vector<std::size_t> give;  // that others lack
};

// `live` holds `me`. Pure: hosts that see the same come to plans that fit together.
Plan plan_for(Id me, std::vector<Id> live, const Holders& holders);

}  // namespace patchbay::cluster
