#pragma once

#include <string>
#include <vector>

#include "hooks/event_sink.hpp"

namespace patchbay::hooks {

// {"events": [Event]} as plugins answer `process` and ask `emit` (sdk/docs/verbs.md). Empty text means no
// events. Text is repaired. Throws Error{invalid} that says which event lacks what. Any bytes are safe.
std::vector<Event> parse_events(const std::string& json);

// The other way; traces are left out.
std::string events_text(const std::vector<Event>& events);

}  // namespace patchbay::hooks
