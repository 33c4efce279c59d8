#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

// Parts of one thing that arrive as several events (an album): they join one message (plugin-needs N12).
struct PartOf {
  std::string key;
  std::int64_t quiet_ms = 0;
};

// What a plugin made of a raw request.
struct Event {
  std::string type;        // "message.received"
  std::string dedupe_key;  // unique per integration; key and effect commit together
  std::string order_key;
  std::string identity;  // whom it concerns: of events of a profile's route only (N13)
  std::string data;      // JSON object; its schema is schemas/events/<type>.json
  std::optional<PartOf> part_of;
  std::string trace;  // W3C traceparent of the request that it came from, or empty (HOOK-5)
};

// An event and the integration that it came to. Points to the event.
struct Arrived {
  Id integration;
  const Event* event;
};

// The domain, as hooks sees it. Injected by the composition root.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // Applies events, in order, inside the transaction that also stores their keys and ends their inbox rows.
  // Never one whose key was seen before. May run again after a rollback, so it touches nothing but `session`.
  // On a store thread. Throws Error{invalid} for data that can never be applied (the inbox row becomes a dead
  // letter; who came along is applied without it).
  virtual void apply(store::Session& session, const std::vector<Arrived>& events) = 0;
  // Why an event can never be applied, as far as its data alone shows; nothing: it may. Any thread, no store.
  virtual std::optional<std::string> fault_of(const Event& event) const {
    static_cast<void>(event);
    return std::nullopt;
  }
  // The transaction with these effects has committed: what waits for them may look. On a store thread; must
  // not block.
  virtual void committed(const std::vector<Id>& integrations) = 0;
};

}  // namespace patchbay::hooks
