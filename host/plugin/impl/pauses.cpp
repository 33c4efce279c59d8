#include "plugin/pauses.hpp"

#include <vector>

namespace patchbay::plugin {
namespace {

// What the integration shares under this name; several where it uses several grants: which of them the
// provider meant is not said.
std::vector<Id> shared(store::Session& session, Id integration, const std::string& scope) {
  std::vector<Id> ids;
  std::string sql;
  if (scope == "grant")
    sql = "select distinct grant_id from integration_grants where integration = :id order by grant_id";
  if (scope == "profile") sql = "select profile from integrations where id = :id and profile is not null";
  if (sql.empty()) return ids;
  for (const auto& row : session.query(sql, {integration})) ids.push_back(row.integer(0));
  return ids;
}

void put(store::Session& session, const std::string& scope, Id id, std::int64_t until) {
  session.exec(
      "insert into pauses(scope, id, until) values (:scope, :id, :until) on conflict (scope, id) do update "
      "set until = excluded.until where excluded.until > pauses.until",
      {scope, id, until});
}

// Of one integration or, where `only` says nothing, of all. Each names the integrations that a pause
// concerns.
std::string select(const std::string& only) {
  return "select integration, cast(max(until) as bigint) from ("
         "select id as integration, until from pauses where scope = 'integration' "
         "union all select i.id, p.until from pauses p join integrations i on i.profile = p.id where p.scope "
         "= 'profile' "
         "union all select g.integration, p.until from pauses p join integration_grants g on g.grant_id = "
         "p.id where p.scope = 'grant') as paused where until > :now" +
         only + " group by integration";
}

}  // namespace

void pause(store::Session& session, Id integration, const std::string& scope, std::int64_t until,
           std::int64_t now) {
  session.exec("delete from pauses where until <= :now", {now});
  const auto ids = shared(session, integration, scope);
  for (const auto id : ids) put(session, scope, id, until);
  if (ids.empty()) put(session, "integration", integration, until);
}

std::map<Id, std::int64_t> paused_integrations(store::Session& session, std::int64_t now) {
  std::map<Id, std::int64_t> out;
  for (const auto& row : session.query(select(""), {now})) out[row.integer(0)] = row.integer(1);
  return out;
}

std::optional<std::int64_t> paused_until(store::Session& session, Id integration, std::int64_t now) {
  const auto row = session.query_one(select(" and integration = :integration"), {now, integration});
  return row ? std::optional(row->integer(1)) : std::nullopt;
}

}  // namespace patchbay::plugin
