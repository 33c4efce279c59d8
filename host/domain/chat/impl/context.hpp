#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/impl/ahead.hpp"
#include "domain/journal/journal.hpp"
#include "domain/routing/model.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// What the table classes need besides the caller's transaction. Lives as long as one function of that
// transaction.
class Context {
 public:
  Context(store::Session& s, IdMint& i, const Clock& c)
      : session(s), ids(i), now(c.now().time_since_epoch().count()) {}

  // For the journal, of a message. write_journal() comes last in the transaction.
  void happened(std::string type, Id message, Id chat, std::string state = {}, std::string reason = {}) {
    journal::Entry entry(std::move(type), message);
    entry.chat = chat;
    entry.state = std::move(state);
    entry.reason = std::move(reason);
    happened(std::move(entry));
  }
  void happened(journal::Entry entry) { happened_.push_back(std::move(entry)); }
  void write_journal() { journal::write(session, ids, time(), std::exchange(happened_, {})); }

  TimePoint time() const { return TimePoint(Duration(now)); }

  store::Session& session;
  IdMint& ids;
  const std::int64_t now;  // Unix milliseconds
  Ahead ahead;
  bool waits = false;                      // a chat waits for an operator since now
  std::map<Id, routing::Chat> beginnings;  // how chats of an integration begin, where that was asked

 private:
  std::vector<journal::Entry> happened_;
};

}  // namespace patchbay::domain::chat
