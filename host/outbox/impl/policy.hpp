#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "net/rate_buckets.hpp"
#include "outbox/effects.hpp"
#include "port/message.hpp"

namespace patchbay::outbox {

// How a channel wants to be sent to: from `channel` of its manifest. Pure, like all of this file.
struct Policy {
  enum class Idempotency { none, lookup, provider };

  Idempotency idempotency = Idempotency::none;
  bool acknowledge = false;  // presses of buttons want an answer
  bool release = false;      // conversations go back to a bot
  // The first is for every conversation when its kind is empty, else for those of this kind.
  std::vector<std::pair<std::string, net::Rate>> conversation;
  std::optional<net::Rate> integration;
  // Of all integrations together that share it.
  std::optional<net::Rate> grant;
  std::optional<net::Rate> profile;
  // Calls on their way at once: of the integration, and of all together that share the grant or the profile,
  // on all hosts together.
  std::optional<int> integration_at_once;
  std::optional<int> grant_at_once;
  std::optional<int> profile_at_once;
};
Policy read_policy(const std::string& manifest);

// What happens to an item after an attempt.
class Decision {
 public:
  enum class Next {
    sent,
    failed,
    uncertain,
    retry,              // after the lane's back-off
    wait_conversation,  // `delay` from now
    wait_integration,   // nothing of the integration, or of those that share `scope`, goes out for `delay`
    signed_out,
    look_up,  // ask the provider whether it has been sent
  };

  explicit Decision(Next n, std::string r = {}) : next(n), outcome(Outcome::Kind::waiting) {
    outcome.reason = std::move(r);
  }

  Next next;
  Outcome outcome;
  Duration delay{0};
  std::string scope;           // of wait_integration: "integration", "grant", "profile"
  bool provider_down = false;  // counts against the circuit breaker
};

// `failures`: attempts that failed one after another before this one.
Decision decide(const Policy& policy, const port::Result& result, int failures);
// What the answer of pb.channel/1:lookup means for an item of which nobody knows whether it was sent.
Decision decide_lookup(const port::Result& result, int failures);

// 1 s, 2 s, 4 s, ... 60 s for the n-th failure (from 1); `jitter` in 0..1 adds up to a fifth.
Duration back_off(int failures, double jitter);

// What the files of a request of pb.channel/1:send take on a slow line, beyond any other call.
Duration upload_time(const std::string& request);

}  // namespace patchbay::outbox
