#include "plugin/history.hpp"

#include <limits>

#include "store/bulk_insert.hpp"

namespace patchbay::plugin {

void History::add(store::Session& session, const std::vector<Happening>& all) const {
  using store::ColumnType;
  store::BulkInsert rows("health_history",
                         {{"id", ColumnType::integer},
                          {"integration", ColumnType::integer},
                          {"at", ColumnType::integer},
                          {"what", ColumnType::text},
                          {"state", ColumnType::text},
                          {"code", ColumnType::text},
                          {"reason", ColumnType::text},
                          {"version", ColumnType::text},
                          {"host", ColumnType::text}},
                         "id");
  for (const auto& one : all) {
    rows.add(
        {one.id, one.integration, one.at, one.what, one.state, one.code, one.reason, one.version, one.host});
  }
  if (!all.empty()) session.insert_new(rows);
}

std::vector<Happening> History::list(store::Session& session, Id integration, Id before,
                                     std::int64_t limit) const {
  std::vector<Happening> out;
  for (const auto& row :
       session.query("select id, at, what, state, code, reason, version, host from health_history "
                     "where integration = :integration and id < :before order by id desc limit :most",
                     {integration, before == 0 ? std::numeric_limits<Id>::max() : before, limit})) {
    Happening one;
    one.id = row.integer(0);
    one.integration = integration;
    one.at = row.integer(1);
    one.what = row.text(2);
    one.state = row.text(3);
    one.code = row.text(4);
    one.reason = row.text(5);
    one.version = row.text(6);
    one.host = row.text(7);
    out.push_back(std::move(one));
  }
  return out;
}

void History::sweep(store::Session& session) const {
  session.exec(
      "delete from health_history where integration not in (select id from integrations) or id in (select id "
      "from (select id, row_number() over (partition by integration order by id desc) as place from "
      "health_history) as placed where place > cast(:kept as bigint))",
      {kKept});
}

}  // namespace patchbay::plugin
