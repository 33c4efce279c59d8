#pragma once

#include "base/clock.hpp"

namespace patchbay {

// How long to wait after `failures` in a row (from 1; less counts as 1): `first`, then twice as long each
// time, never longer than `longest`.
constexpr Duration back_off(Duration first, Duration longest, int failures) {
  auto wait = first;
  for (int i = 1; i < failures && wait < longest; ++i) wait *= 2;
  return wait < longest ? wait : longest;
}

}  // namespace patchbay
