#pragma once

#include <map>
#include <string>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::jobs {

// How far the jobs of an integration have come: JSON of the plugin's own, by job. For an upgrade that changes
// its shape; no run may be under way. In the caller's transaction.
using Checkpoints = std::map<std::string, std::string>;

Checkpoints read_checkpoints(store::Session& session, Id integration);
// Of jobs that are there; others of the integration stay as they are.
void write_checkpoints(store::Session& session, Id integration, const Checkpoints& checkpoints);

}  // namespace patchbay::jobs
