#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.hpp"

namespace patchbay::store {

// SQL in the form that the database takes: `:name` has become `$1` (PostgreSQL) or `?1` (SQLite).
struct StatementText {
  std::string sql;
  std::vector<std::string> names;  // in the order in which values are bound
};

// Leaves quoted text, quoted names, comments and `::type` alone.
StatementText translate(std::string_view sql, Dialect dialect);

// Throws Error{internal} that names the placeholders when their number is not `given`.
void check_count(const StatementText& statement, std::size_t given);

}  // namespace patchbay::store
