#pragma once

#include <optional>
#include <string>
#include <vector>

#include "live/topic.hpp"
#include "store/store.hpp"

namespace patchbay::live {

// The tables live_topics and live_events. Everything runs inside the caller's transaction; times are Unix
// milliseconds.

// Appenders of one topic wait for each other, so its ids become visible in their order. At most `most` events
// of it stay.
Appended append_event(store::Session& session, const Topic& topic, const Draft& draft, std::int64_t now,
                      std::int64_t most);
// At most `most` events after `after`; 0: from the first that is kept.
Reading read_events(store::Session& session, const Topic& topic, std::int64_t after, std::int64_t most);

struct Standing {
  Standing(Topic topic_, std::int64_t last_) : topic(std::move(topic_)), last(last_) {}
  Topic topic;
  std::int64_t last;
};
// Topics with an event at `since` or later.
std::vector<Standing> changed_topics(store::Session& session, std::int64_t since);

// Forgets events that are older than `before`, of at most `most` topics, and how many those were.
std::size_t forget_old_events(store::Session& session, std::int64_t before, std::int64_t most);
// Forgets topics without events since `before`.
void forget_old_topics(store::Session& session, std::int64_t before);
// Owners that keep more than `most` events, with the time before which theirs are too many.
struct Excess {
  Excess(Id owner_, std::int64_t before_) : owner(owner_), before(before_) {}
  Id owner;
  std::int64_t before;
};
std::vector<Excess> find_excess(store::Session& session, std::int64_t most);
// As forget_old_events, of one owner, of all its topics.
void forget_excess(store::Session& session, const Excess& excess);

}  // namespace patchbay::live
