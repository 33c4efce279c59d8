#pragma once

#include <optional>
#include <vector>

#include "cluster/impl/plan.hpp"
#include "cluster/member.hpp"
#include "store/store.hpp"

namespace patchbay::cluster {

// Each in the caller's transaction.
std::vector<Member> members(store::Session& session);
Holders holders(store::Session& session);

// A new life of the host with that name: what the old one held is its own at once. Throws Error{unavailable}
// when there are as many hosts as ids allow.
Member join(store::Session& session, Member wanted);
// Its row, partitions and locks are gone.
void leave(store::Session& session, Id host);
// False: it has been declared dead.
bool beat(store::Session& session, Id host);
void passed(store::Session& session, Id host);
// Declares a host dead whose heart still stands at `beat`.
bool bury(store::Session& session, Id host, std::int64_t beat);

// Those of `wanted` that were free, and are the host's now.
std::vector<std::size_t> take(store::Session& session, Id host, const std::vector<std::size_t>& wanted);
void give(store::Session& session, Id host, const std::vector<std::size_t>& partitions);

// `token`: of this attempt, so that giving it back never takes another's. One that the attempt has already is
// taken too.
bool take_lock(store::Session& session, Id host, const std::string& name, std::int64_t token);
void give_lock(store::Session& session, const std::string& name, std::int64_t token);

}  // namespace patchbay::cluster
