#include "store/audit.hpp"

#include <limits>

namespace patchbay::store {

void write_audit(Session& session, const AuditEntry& entry) {
  session.exec(
      "insert into audit(id, at, actor, address, action, object, detail) values (:id, :at, :actor, :address, "
      ":action, :object, :detail)",
      {entry.id, entry.at, entry.actor.name, entry.actor.address, entry.action, entry.object, entry.detail});
}

std::vector<AuditEntry> read_audit(Session& session, const AuditFilter& filter, Id before,
                                   std::size_t limit) {
  auto end = filter.end.value_or(std::numeric_limits<Id>::max());
  if (before != 0 && before < end) end = before;
  std::string where = "id >= :first and id < :end";
  std::vector<Value> values{filter.first, end};
  const auto is = [&](const char* column, const std::string& wanted) {
    if (wanted.empty()) return;
    where += std::string(" and ") + column + " = :" + column;
    values.emplace_back(wanted);
  };
  is("actor", filter.actor);
  is("action", filter.action);
  is("object", filter.object);
  values.emplace_back(static_cast<std::int64_t>(limit));
  std::vector<AuditEntry> out;
  for (const auto& row :
       session.query("select id, at, actor, address, action, object, detail from audit where " + where +
                         " order by id desc limit :limit",
                     values))
    out.emplace_back(row.integer(0), row.integer(1), Actor(row.text(2), row.text(3)), row.text(4),
                     row.text(5), row.text(6));
  return out;
}

}  // namespace patchbay::store
