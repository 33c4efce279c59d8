#pragma once

#include <atomic>
#include <cstdint>

namespace patchbay::hooks {

// What happened since the start, for metrics. Any thread.
struct Counters {
  using Count = std::atomic<std::uint64_t>;

  Count received{0};
  Count stored{0};
  Count known{0};  // duplicates, answered as if stored
  Count challenges{0};
  Count unknown_path{0};  // 404
  Count wrong_method{0};  // 405
  Count too_large{0};     // 413
  Count not_verified{0};  // 401
  Count store_failed{0};  // 503
  Count queue_full{0};    // 503
  Count keys_missing{0};  // 503: the provider's keys could not be fetched
  Count too_fast{0};      // 429
  Count sessions{0};      // made or renewed
  Count origins{0};       // 403: pages of an origin that is not listed
  Count batches{0};       // commits of the inbox
  Count processed{0};     // calls to plugins that came back well
  Count retried{0};
  Count dead{0};
  Count unknown_identity{0};  // events that concern no connected integration of their profile
  Count events{0};            // effects applied
  Count events_known{0};      // keys seen before
  Count effect_batches{0};
};

}  // namespace patchbay::hooks
