#pragma once

#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/journal/journal.hpp"
#include "store/store.hpp"

namespace patchbay::domain::subscriptions {

// How far the journal was turned into deliveries.
inline constexpr const char* kMark = "subscriptions";

// {"type", "timestamp", "data"}: what the entry says and, as `snapshot`, the thing as it stands now.
std::string body_of(store::Session& session, IdMint& ids, const Clock& clock, const journal::Entry& entry,
                    std::int64_t at);

// What came of a portion of the journal.
struct Told {
  bool more = false;  // there may be more of it
  std::size_t events = 0;
};

// True where tell() has something to do.
bool has_untold(store::Session& session);
// Makes deliveries of what happened after the mark and moves it, at most `most` lines: alone among the hosts.
Told tell(store::Session& session, IdMint& ids, const Clock& clock, std::size_t most);

}  // namespace patchbay::domain::subscriptions
