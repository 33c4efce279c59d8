#include "store/bulk_insert.hpp"

#include <iterator>

#include "base/error.hpp"

namespace patchbay::store {

namespace {

bool fits(const Value& value, BulkInsert::Type type) {
  switch (type) {
    case BulkInsert::Type::integer:
      return std::holds_alternative<std::int64_t>(value);
    case BulkInsert::Type::real:
      return std::holds_alternative<double>(value);
    case BulkInsert::Type::text:
      return std::holds_alternative<std::string>(value);
    case BulkInsert::Type::bytes:
      return std::holds_alternative<Bytes>(value);
  }
  return false;
}

[[noreturn]] void refuse(const std::string& table, const std::string& column) {
  throw Error(Code::internal, Text("store.bad_value", {{"table", table}, {"column", column}}));
}

}  // namespace

BulkInsert::BulkInsert(std::string table, std::vector<Column> columns, std::string_view unique)
    : table_(std::move(table)), columns_(std::move(columns)) {
  if (columns_.empty() || columns_.front().type != Type::integer) refuse(table_, "id");
  head_ = "insert into " + table_ + "(";
  for (const auto& column : columns_) head_ += column.name + ",";
  head_.back() = ')';
  tail_ = " on conflict(" + std::string(unique) + ") do nothing";
}

void BulkInsert::add(Values row) {
  if (row.size() != columns_.size()) refuse(table_, std::to_string(row.size()));
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool null = i > 0 && std::holds_alternative<std::monostate>(row[i]);
    if (!null && !fits(row[i], columns_[i].type)) refuse(table_, columns_[i].name);
  }
  values_.insert(values_.end(), std::make_move_iterator(row.begin()), std::make_move_iterator(row.end()));
}

}  // namespace patchbay::store
