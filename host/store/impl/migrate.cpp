#include "store/migrate.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace patchbay::store {

namespace {

constexpr const char* kVersionTable =
    "create table if not exists schema_version(version bigint primary key, name text not null)";

// Runs `fn` alone among the hosts on this database.
template <class F>
void alone(Store& store, F fn) {
  store.write_now([&fn](Session& session) {
    if (session.dialect() == Dialect::postgresql) {
      session.script("set local statement_timeout = 0; select pg_advisory_xact_lock(7236417001)");
    }
    fn(session);
  });
}

std::int64_t stored_version(Session& session) {
  const auto row = session.query_one("select cast(coalesce(max(version), 0) as bigint) from schema_version");
  return row->integer(0);
}

void refuse_newer(std::int64_t stored, std::int64_t newest) {
  if (stored <= newest) return;
  throw Error(Code::invalid, Text("store.newer_schema",
                                  {{"stored", std::to_string(stored)}, {"known", std::to_string(newest)}}));
}

void apply(Session& session, const Migration& migration) {
  if (stored_version(session) >= migration.version) return;
  session.script(sql_for(migration.sql, session.dialect()));
  session.exec("insert into schema_version(version, name) values (:version, :name)",
               {migration.version, migration.name});
}

// In SQLite only this very type makes the key the row's own address; any other needs an index beside the
// table.
std::string with_addresses(std::string sql) {
  for (const std::string_view key : {"bigint primary key", "bigint not null primary key"}) {
    for (auto at = sql.find(key); at != sql.npos; at = sql.find(key, at))
      sql.replace(at, key.size(), "integer primary key");
  }
  return sql;
}

}  // namespace

std::string sql_for(std::string_view sql, Dialect dialect) {
  std::string out;
  bool wanted = true;
  while (!sql.empty()) {
    const auto end = std::min(sql.find('\n'), sql.size() - 1) + 1;
    const auto line = sql.substr(0, end);
    sql.remove_prefix(end);
    const auto text = line.substr(0, line.find_last_not_of(" \r\n") + 1);
    if (text == "-- both") {
      wanted = true;
    } else if (text == "-- only sqlite") {
      wanted = dialect == Dialect::sqlite;
    } else if (text == "-- only postgresql") {
      wanted = dialect == Dialect::postgresql;
    } else if (wanted) {
      out += line;
    }
  }
  return dialect == Dialect::sqlite ? with_addresses(std::move(out)) : out;
}

bool has_table(Session& session, const std::string& name) {
  const bool postgresql = session.dialect() == Dialect::postgresql;
  const auto row = session.query_one(
      postgresql
          ? "select cast(count(*) as bigint) from pg_tables where schemaname = any(current_schemas(false)) "
            "and tablename = :name"
          : "select cast(count(*) as bigint) from sqlite_master where type = 'table' and name = :name",
      {name});
  return row->integer(0) > 0;
}

std::int64_t schema_version(Store& store) {
  return store.read_now([](Session& session) {
    return has_table(session, "schema_version") ? stored_version(session) : std::int64_t{0};
  });
}

void require_current(Store& store, const std::vector<Migration>& known) {
  const auto newest = known.empty() ? 0 : known.back().version;
  const auto stored = schema_version(store);
  refuse_newer(stored, newest);
  if (stored == newest) return;
  throw Error(Code::conflict, Text("store.older_schema",
                                   {{"stored", std::to_string(stored)}, {"known", std::to_string(newest)}}));
}

void migrate(Store& store, const std::vector<Migration>& known) {
  const auto newest = known.empty() ? 0 : known.back().version;
  alone(store, [newest](Session& session) {
    session.script(kVersionTable);
    refuse_newer(stored_version(session), newest);
  });
  for (const auto& migration : known) {
    alone(store, [&migration](Session& session) { apply(session, migration); });
  }
}

}  // namespace patchbay::store
