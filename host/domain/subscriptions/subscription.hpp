#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/journal/journal.hpp"

namespace patchbay::domain::subscriptions {

// Somebody outside who is told what happens, by signed webhooks (REC-4).
struct Subscription {
  Id id = 0;  // whose secret signs
  std::string url;
  std::string description;
  std::vector<std::string> types;  // of events: "chat.created", "chat.*", "*"
  bool active = true;              // false: nothing is told, and what waits goes on waiting
  std::int64_t version = 0;

  // Not for people to set.
  std::int64_t since = 0;                     // the place of the journal after which it is told
  std::string off_reason;                     // Text::kept: why the host switched it off; empty: it did not
  std::int64_t failures = 0;                  // tries in a row that nobody took
  std::optional<std::int64_t> failing_since;  // Unix milliseconds, here and below
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

// One event for one subscription.
struct Delivery {
  Id id = 0;
  Id subscription = 0;
  Id event = 0;
  std::string type;
  std::int64_t at = 0;            // when it happened
  std::string state = "waiting";  // waiting, sending, delivered, dead
  std::int64_t attempts = 0;
  std::int64_t not_before = 0;  // the next try
  std::int64_t lease = 0;
  std::optional<std::int64_t> status;  // HTTP, of the last try that was answered
  std::string error;                   // Text::kept: of the last try
  std::optional<std::int64_t> finished_at;
};

// A type that a person may choose, sorted; each is told of in the README of this module.
const std::vector<std::string>& event_types();
// What subscribers call an entry of the journal; empty for what is not told outside.
std::string type_of(const journal::Entry& entry);
bool wants(const Subscription& subscription, const std::string& type);

// What a person sets of it.
nlohmann::json to_json(const Subscription& subscription);
// As to_json() makes it. `opened`: what egress.allow opens. Throws Error{invalid} "domain.refused" with a
// diagnostic for whatever cannot be.
Subscription read_subscription(const nlohmann::json& document, const std::vector<std::string>& opened);

// A delivery is tried eleven times in 22 hours (calls::back_off), then it is dead.
inline constexpr std::int64_t kMostAttempts = 11;
inline constexpr Duration kLongestBackOff{8LL * 3'600'000};
// A subscription is switched off when so many tries in a row failed and nothing has arrived for so long.
inline constexpr std::int64_t kMostFailures = 20;
inline constexpr Duration kLongestFailing{3LL * 24 * 3'600'000};
// What is kept: what arrived, and what is dead or waits for a subscription that is off.
inline constexpr Duration kKeepDelivered{7LL * 24 * 3'600'000};
inline constexpr Duration kKeepOther{30LL * 24 * 3'600'000};

}  // namespace patchbay::domain::subscriptions
