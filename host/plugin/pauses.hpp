#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::plugin {

// Pauses that providers asked for (JOB-3, OUT-2), for jobs and messages alike. They are in the store, so that
// other hosts keep them, and the next start. Times are Unix milliseconds. Each runs in the caller's
// transaction.

// `scope`, as a plugin says it, of this integration: "grant" is every grant that it uses, "profile" its
// profile; anything else, and where it has none, the integration alone. Never ends an earlier pause sooner.
void pause(store::Session& session, Id integration, const std::string& scope, std::int64_t until,
           std::int64_t now);
// Every integration that is paused, itself or by what it shares with others, and until when.
std::map<Id, std::int64_t> paused_integrations(store::Session& session, std::int64_t now);
std::optional<std::int64_t> paused_until(store::Session& session, Id integration, std::int64_t now);

}  // namespace patchbay::plugin
