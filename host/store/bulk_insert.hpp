#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.hpp"

namespace patchbay::store {

// Rows for Session::insert_new. PostgreSQL takes them as one statement over arrays, SQLite as one prepared
// statement a row, so build one of these per batch.
//
//   BulkInsert rows("inbox", {{"id", ColumnType::integer}, {"key", ColumnType::text}}, "key");
//   rows.add({id, Bytes(std::move(body))});
//   auto stored = session.insert_new(rows);
class BulkInsert {
 public:
  enum class Type { integer, real, text, bytes };
  struct Column {
    Column(std::string n, Type t) : name(std::move(n)), type(t) {}
    std::string name;
    Type type;
  };

  // Names go into the SQL as they are, so they are constants. The first column is an integer: the row's id.
  // `unique`: the columns of the one unique key by which a row is known and then skipped, as its index names
  // them ("a, b"); a row that meets another key is an error.
  BulkInsert(std::string table, std::vector<Column> columns, std::string_view unique);

  void reserve(std::size_t rows) { values_.reserve(rows * columns_.size()); }
  // One value a column, of its type or null. Throws Error{internal} otherwise.
  void add(Values row);
  // No rows, the same columns; room is kept.
  void clear() { values_.clear(); }

  const std::string& table() const { return table_; }
  const std::vector<Column>& columns() const { return columns_; }
  std::size_t rows() const { return values_.size() / columns_.size(); }
  const Value& at(std::size_t row, std::size_t column) const {
    return values_[row * columns_.size() + column];
  }
  Value& at(std::size_t row, std::size_t column) { return values_[row * columns_.size() + column]; }
  std::int64_t id(std::size_t row) const { return std::get<std::int64_t>(at(row, 0)); }
  // "insert into t(a,b)" and " on conflict(b) do nothing".
  const std::string& head() const { return head_; }
  const std::string& tail() const { return tail_; }

 private:
  std::string table_;
  std::vector<Column> columns_;
  std::string head_;
  std::string tail_;
  Values values_;
};

using ColumnType = BulkInsert::Type;

}  // namespace patchbay::store
