#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::store {

// One line of the audit log (ACC-5): who did what to what. In the caller's transaction; the database refuses
// to change or to remove one.
struct AuditEntry {
  AuditEntry(Id id_, std::int64_t at_, Actor actor_, std::string action_, std::string object_,
             std::string detail_ = "{}")
      : id(id_),
        at(at_),
        actor(std::move(actor_)),
        action(std::move(action_)),
        object(std::move(object_)),
        detail(std::move(detail_)) {}

  Id id;
  std::int64_t at;  // Unix milliseconds
  Actor actor;
  std::string action;  // "secret.read"
  std::string object;  // "integration:<id>"
  std::string detail;  // JSON object
};

void write_audit(Session& session, const AuditEntry& entry);

// Which lines are wanted; what is empty is any.
struct AuditFilter {
  std::string actor;  // its name
  std::string action;
  std::string object;
  Id first = 0;  // ids from this one on, before `end`: first_id_at() of a time
  std::optional<Id> end;
};

// Newest first, at most `limit`, those before `before` (0: from the newest).
std::vector<AuditEntry> read_audit(Session& session, const AuditFilter& filter, Id before, std::size_t limit);

}  // namespace patchbay::store
