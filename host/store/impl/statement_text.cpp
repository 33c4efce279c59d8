#include "store/impl/statement_text.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace patchbay::store {

namespace {

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool goes_on(char c) {
  return starts_name(c) || (c >= '0' && c <= '9');
}

// The end of what begins at `at` and must not be looked into: a quoted part, a comment, "::".
std::size_t end_of_opaque(std::string_view sql, std::size_t at) {
  const char c = sql[at];
  if (c == '\'' || c == '"') {
    const auto end = sql.find(c, at + 1);
    return end == std::string_view::npos ? sql.size() : end + 1;
  }
  if (sql.substr(at, 2) == "--") return std::min(sql.find('\n', at), sql.size());
  if (sql.substr(at, 2) == "::") return at + 2;
  return at;
}

std::size_t number_of(std::vector<std::string>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin()) + 1;
  names.emplace_back(name);
  return names.size();
}

}  // namespace

StatementText translate(std::string_view sql, Dialect dialect) {
  StatementText out;
  out.sql.reserve(sql.size());
  for (std::size_t at = 0; at < sql.size();) {
    if (const auto end = end_of_opaque(sql, at); end != at) {
      out.sql.append(sql.substr(at, end - at));
      at = end;
    } else if (sql[at] == ':' && at + 1 < sql.size() && starts_name(sql[at + 1])) {
      auto stop = at + 2;
      while (stop < sql.size() && goes_on(sql[stop])) ++stop;
      out.sql += dialect == Dialect::postgresql ? '$' : '?';
      out.sql += std::to_string(number_of(out.names, sql.substr(at + 1, stop - at - 1)));
      at = stop;
    } else {
      out.sql += sql[at++];
    }
  }
  return out;
}

void check_count(const StatementText& statement, std::size_t given) {
  if (statement.names.size() == given) return;
  std::string names;
  for (const auto& name : statement.names) names += (names.empty() ? "" : ", ") + name;
  throw Error(Code::internal,
              Text("store.value_count",
                   {{"given", std::to_string(given)}, {"names", names}, {"sql", statement.sql}}));
}

}  // namespace patchbay::store
