#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/impl/ahead.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// What the table classes need besides the caller's transaction. Lives as long as one function of that
// transaction.
class Context {
 public:
  Context(store::Session& s, IdMint& i, const Clock& c)
      : session(s), ids(i), now(c.now().time_since_epoch().count()) {}

  store::Session& session;
  IdMint& ids;
  const std::int64_t now;  // Unix milliseconds
  Ahead ahead;
};

}  // namespace patchbay::domain::chat
