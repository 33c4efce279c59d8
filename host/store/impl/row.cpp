#include "base/error.hpp"
#include "store/store.hpp"

namespace patchbay::store {

namespace {

template <class T>
const T& get(const std::vector<Value>& values, std::size_t column, const char* type) {
  const T* value = column < values.size() ? std::get_if<T>(&values[column]) : nullptr;
  if (value != nullptr) return *value;
  throw Error(Code::internal, Text("store.wrong_type", {{"column", std::to_string(column)}, {"type", type}}));
}

}  // namespace

bool Row::is_null(std::size_t column) const {
  return column < values_.size() && std::holds_alternative<std::monostate>(values_[column]);
}

std::int64_t Row::integer(std::size_t column) const {
  return get<std::int64_t>(values_, column, "integer");
}

double Row::real(std::size_t column) const {
  if (column < values_.size()) {
    if (const auto* whole = std::get_if<std::int64_t>(&values_[column])) return static_cast<double>(*whole);
  }
  return get<double>(values_, column, "real");
}

const std::string& Row::text(std::size_t column) const {
  return get<std::string>(values_, column, "text");
}

const std::string& Row::bytes(std::size_t column) const {
  return get<Bytes>(values_, column, "bytes").data;
}

std::optional<std::int64_t> Row::maybe_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::maybe_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::vector<std::vector<Row>> Session::query_each(std::string_view sql, std::vector<Values> all) {
  std::vector<std::vector<Row>> answers;
  answers.reserve(all.size());
  for (auto& values : all) answers.push_back(query(sql, std::move(values)));
  return answers;
}

std::optional<Row> Session::query_one(std::string_view sql, Values values) {
  auto rows = query(sql, std::move(values));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

}  // namespace patchbay::store
