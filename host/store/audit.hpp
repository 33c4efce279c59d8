#pragma once

#include <cstdint>
#include <string>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::store {

// One line of the audit log (ACC-5): who did what to what. In the caller's transaction.
struct AuditEntry {
  AuditEntry(Id id_, std::int64_t at_, std::string actor_, std::string action_, std::string object_,
             std::string detail_ = "{}")
      : id(id_),
        at(at_),
        actor(std::move(actor_)),
        action(std::move(action_)),
        object(std::move(object_)),
        detail(std::move(detail_)) {}

  Id id;
  std::int64_t at;     // Unix milliseconds
  std::string actor;   // name of a token, "plugin:<id>"
  std::string action;  // "secret.read"
  std::string object;  // "integration:<id>"
  std::string detail;  // JSON object
};

void write_audit(Session& session, const AuditEntry& entry);

}  // namespace patchbay::store
