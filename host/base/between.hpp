#pragma once

#include <cstdint>
#include <random>

#include "base/clock.hpp"

namespace patchbay {

// A random time, both ends included: so that what waits for the same does not come at the same moment.
inline Duration between(Duration least, Duration most) {
  std::random_device device;
  return Duration(std::uniform_int_distribution<std::int64_t>(least.count(), most.count())(device));
}

}  // namespace patchbay
