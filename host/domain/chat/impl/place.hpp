#pragma once

#include <cstdint>

#include "base/id.hpp"

namespace patchbay::domain::chat {

// A place in the order of a chat: the provider's time and sequence, then the id (CHAT-13). By default: before
// everything.
struct Place {
  Place() = default;
  Place(std::int64_t a, std::int64_t s, Id i) : at(a), sequence(s), id(i) {}

  std::int64_t at = INT64_MIN;
  std::int64_t sequence = INT64_MIN;
  Id id = 0;
};

}  // namespace patchbay::domain::chat
