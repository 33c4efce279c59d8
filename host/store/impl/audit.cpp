#include "store/audit.hpp"

namespace patchbay::store {

void write_audit(Session& session, const AuditEntry& entry) {
  session.exec(
      "insert into audit(id, at, actor, action, object, detail) values (:id, :at, :actor, :action, :object, "
      ":detail)",
      {entry.id, entry.at, entry.actor, entry.action, entry.object, entry.detail});
}

}  // namespace patchbay::store
