#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "outbox/queue.hpp"
#include "port/message.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// What came of one attempt.
class Outcome {
 public:
  enum class Kind { started, sent, waiting, failed, uncertain };

  explicit Outcome(Kind k) : kind(k) {}

  Kind kind;
  // What the provider calls it, in order; of one that failed or is uncertain what has arrived all the same.
  std::vector<std::string> provider_ids;
  std::string sent_at;   // of these: RFC 3339 as the plugin said it, or empty
  std::string moved_to;  // the conversation's new id, or empty
  std::string reason;    // failed, uncertain, waiting: for a person, as Text::kept
  bool refused = false;  // the provider does not let us write to this conversation
};

// The domain, as the outbox sees it. Injected by the composition root; called for items of verb "send" only.
class Effects {
 public:
  virtual ~Effects() = default;

  // The request of pb.channel/1:send, or nothing when it is not wanted any more. In the transaction that
  // claims the item, on a store thread; may run again after a rollback.
  virtual std::optional<std::string> request(store::Session& session, const Item& item) = 0;
  // The conversation as the provider calls it now, for pb.channel/1:lookup. On a store thread.
  virtual std::string conversation(store::Session& session, const Item& item) = 0;
  // In the transaction that writes the item's new state (which is visible in it), on a store thread.
  virtual void apply(store::Session& session, const Item& item, const Outcome& outcome) = 0;
  // The provider does not accept our credentials any more; items stay queued. On the dispatcher's strand;
  // must not block.
  virtual void signed_out(Id integration, const port::Result& result) = 0;
};

}  // namespace patchbay::outbox
