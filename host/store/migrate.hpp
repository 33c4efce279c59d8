#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace patchbay::store {

// One file of schemas/sql: "0001_first_light.sql". Lines "-- only sqlite", "-- only postgresql" and "-- both"
// say which database the lines after them are for. Embedded into the binary at build time.
struct Migration {
  Migration(std::int64_t v, std::string n, std::string s)
      : version(v), name(std::move(n)), sql(std::move(s)) {}
  std::int64_t version;
  std::string name;
  std::string sql;
};

const std::vector<Migration>& migrations();

// Brings the schema up to date, one transaction a migration; hosts that start together wait for each other.
// Blocks. Throws Error{invalid} "store.newer_schema" when the database was written by a newer release:
// nothing is touched then.
void migrate(Store& store, const std::vector<Migration>& known = migrations());

// Whether the database has that table: an empty one has none.
bool has_table(Session& session, const std::string& name);

// The newest migration that the database has had; 0 when it is empty. Writes nothing. Blocks.
std::int64_t schema_version(Store& store);
// Throws Error{invalid} "store.newer_schema", Error{conflict} "store.older_schema" unless the schema is the
// one of `known`. Writes nothing. Blocks.
void require_current(Store& store, const std::vector<Migration>& known = migrations());

// The lines of `sql` that are for `dialect`.
std::string sql_for(std::string_view sql, Dialect dialect);

}  // namespace patchbay::store
