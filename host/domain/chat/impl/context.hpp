#pragma once

#include <cstdint>
#include <map>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/impl/ahead.hpp"
#include "domain/routing/model.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// What the table classes need besides the caller's transaction. Lives as long as one function of that
// transaction.
class Context {
 public:
  Context(store::Session& s, IdMint& i, const Clock& c)
      : session(s), ids(i), now(c.now().time_since_epoch().count()) {}

  TimePoint time() const { return TimePoint(Duration(now)); }

  store::Session& session;
  IdMint& ids;
  const std::int64_t now;  // Unix milliseconds
  Ahead ahead;
  bool waits = false;                      // a chat waits for an operator since now
  std::map<Id, routing::Chat> beginnings;  // how chats of an integration begin, where that was asked
};

}  // namespace patchbay::domain::chat
