#pragma once

#include <string>
#include <vector>

#include <patchbay/plugin.hpp>

#include "api.hpp"

namespace twilio {

// The job "missed": Twilio does not repeat a webhook that failed, so its list of messages is asked for what
// came in and what became of what went out. Doubles are known by their keys.
class Missed {
 public:
  Missed(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  patchbay::Task<void> run(patchbay::SyncRun& run);
  // How many messages no webhook had brought since the last that one did.
  std::int64_t unannounced() const { return unannounced_; }
  // A webhook has arrived: whatever was wrong is over.
  void webhook_works() { unannounced_ = 0; }

 private:
  // All messages to or from the number since then, page by page.
  patchbay::Task<bool> take(patchbay::SyncRun& run, bool incoming, std::int64_t from);
  patchbay::Task<patchbay::Events> events_of(Json message, bool incoming) const;

  const patchbay::Host& host_;
  const Api& api_;
  std::int64_t unannounced_ = 0;
};

}  // namespace twilio
