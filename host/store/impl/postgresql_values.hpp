#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "store/bulk_insert.hpp"

namespace patchbay::store {

// Values in PostgreSQL's binary form, as PQexecPrepared takes them. Points into the values, which outlive it.
class Parameters {
 public:
  explicit Parameters(const Values& values);
  // One array a column, made in `buffers`, which are kept from one insert to the next and outlive this.
  Parameters(const BulkInsert& insert, std::vector<std::string>& buffers);

  int count() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* data() const { return pointers_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  // The same for every set of values that one prepared statement can take.
  std::string signature() const;

 private:
  void add(Oid type, const char* data, std::size_t size);

  std::vector<Oid> types_;
  std::vector<const char*> pointers_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::string> owned_;
};

// "bigint", as in `cast($1 as bigint[])`.
const char* array_element(BulkInsert::Type type);

// One field of a result in text form.
Value field_value(const PGresult* result, int row, int column);

}  // namespace patchbay::store
