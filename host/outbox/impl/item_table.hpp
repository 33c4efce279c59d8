#pragma once

#include <optional>
#include <string>
#include <vector>

#include "outbox/effects.hpp"
#include "outbox/impl/policy.hpp"
#include "outbox/queue.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// The first waiting item of a lane.
struct Head {
  Id integration = 0;
  std::string lane;
  std::string kind;
  Id item = 0;
  // Who takes it: random. The same again after a claim whose commit was not heard of, so that it is found.
  std::int64_t claim = 0;
};
std::vector<Head> heads(store::Session& session);
std::optional<Id> head_of(store::Session& session, Id integration, const std::string& lane);

// What a lane has to do next.
class Claim {
 public:
  enum class Kind {
    none,      // nothing waits
    later,     // at item.not_before
    begin,     // marked `sending`: send `request` now
    unsettled  // it was `sending` already: either it is on its way, or the host ended before the answer came
  };

  Claim() = default;
  Claim(Kind k, Item i) : kind(k), item(std::move(i)) {}

  Kind kind = Kind::none;
  Item item;
  std::string request;       // begin: JSON
  std::string conversation;  // unsettled: its id at the provider
};

// Takes the first item of the lane for `lane.claim`. Items that are not wanted any more are closed on the
// way.
Claim claim(store::Session& session, Effects& effects, const Head& lane, std::int64_t now);
// What another one had begun is settled by `claim` from now on.
void take_over(store::Session& session, const Item& item, std::int64_t claim);
// Writes what came of an attempt, and its effect, unless somebody has taken the item over meanwhile: then
// only that it was sent counts, which nobody knows better. Returns the lane's next item.
std::optional<Id> settle(store::Session& session, Effects& effects, const Item& item,
                         const Decision& decision, std::int64_t now);

}  // namespace patchbay::outbox
