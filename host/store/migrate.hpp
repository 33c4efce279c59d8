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

// The lines of `sql` that are for `dialect`.
std::string sql_for(std::string_view sql, Dialect dialect);

}  // namespace patchbay::store
