#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "hooks/event_sink.hpp"
#include "hooks/inbox_row.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

struct RefusedEvent {
  Id integration = 0;
  std::string plugin;
  Event event;
  std::string reason;   // as Text::kept
  std::int64_t at = 0;  // Unix milliseconds
};

// Stores rows inside the caller's transaction and gives back those that were new, with their ids; hand them
// to Dispatcher::accepted once it has committed.
std::vector<InboxRow> insert_rows(store::Session& session, IdMint& mint, std::vector<InboxRow> rows);

// An event that can have no effect, kept with the reason: a dead letter whose replay applies it again without
// asking the plugin. Inside the caller's transaction; one that is kept already is not kept twice.
void insert_refused(store::Session& session, IdMint& mint, const RefusedEvent& refused);

// Bytes of what waits for its plugin or is dead, and `each` more for every row.
std::int64_t open_bytes(store::Session& session, Id integration, std::int64_t each);

// One raw request as people see it.
class InboxEntry {
 public:
  InboxRow row;
  std::string state;             // "new", "done", "dead"
  std::string reason;            // why it is dead, or why its last try failed; as Text::kept
  std::string effect;            // JSON list of {"type", "dedupe_key"}; empty while it has had none
  std::int64_t finished_at = 0;  // Unix milliseconds, zero: not finished
};

// The inbox for API, console and command line: look, replay, discard, tidy up. Any thread.
class Inbox {
 public:
  // `wake`: called after rows were opened again (Dispatcher::wake); may be empty, then a sweep finds them.
  Inbox(store::Store& store, const Clock& clock, std::function<void()> wake = {});

  class Filter {
   public:
    std::string state;              // empty: every state
    std::optional<Id> integration;  // or profile; nothing: every one
    std::string trace;              // what came with this trace id, of all that is kept; empty: whatever
    Id after = 0;                   // the last id of the page before
    std::int64_t limit = 100;
  };
  // By id. Bodies are left out.
  boost::asio::awaitable<std::vector<InboxEntry>> list(Filter filter);
  // With its body, headers, verdict and effect.
  boost::asio::awaitable<std::optional<InboxEntry>> get(Id id);

  // Opens a dead or finished row again; what has had its effect has none a second time. False: no such row,
  // or it is open already.
  boost::asio::awaitable<bool> replay(Id id);
  // All dead rows that arrived in [from, to). Returns how many.
  boost::asio::awaitable<std::int64_t> replay_period(std::optional<Id> integration, TimePoint from,
                                                     TimePoint to);
  // Ends an open or dead row without effect. False: no such row, or it has ended.
  boost::asio::awaitable<bool> discard(Id id, std::string who);

  // Deletes up to `most` rows that ended before `before`, dead ones apart; returns how many. Their dedupe
  // keys go with them, their event keys stay: an effect is had once for ever.
  boost::asio::awaitable<std::int64_t> remove_done(TimePoint before, std::int64_t most = 5000);

 private:
  void woken() const {
    if (wake_) wake_();
  }

  store::Store& store_;
  const Clock& clock_;
  const std::function<void()> wake_;
};

}  // namespace patchbay::hooks
