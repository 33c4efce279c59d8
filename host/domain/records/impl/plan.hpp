#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/records/definition.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/records/phone.hpp"
#include "domain/records/query.hpp"

namespace patchbay::domain::records {

// A record fits when one of a field's keys is in one of the ranges.
struct Condition {
  const Field* field = nullptr;
  std::vector<Range> ranges;
  // One value and no other: whoever walks along it comes by records in the order of their ids.
  bool is_exact() const;
};

// Where a page begins.
struct Position {
  Id record = 0;
  std::string key;
};

// A query, read and checked.
struct Plan {
  std::vector<Condition> conditions;
  const Field* order = nullptr;  // null: by id
  bool descending = false;
  std::optional<Position> after;

  bool fits(const Object& object, const Record& record) const;
  // By which the record stands in the list.
  std::string place_of(const Record& record) const;
  // Whether one stands before the other.
  bool before(const Hit& one, const Hit& other) const;
  // The part of the order's keys that can fit; all where no condition is about it.
  Range range() const;
};

// Throws Error{invalid} "domain.records.query" with a diagnostic at /filter/<code>, /search, /order or
// /cursor.
Plan plan_of(const Object& object, const Query& query, const Dialling& home);
std::string cursor_of(const Plan& plan, const Hit& last);

// The keys by which a record is found under a field, also those that are no fields.
std::vector<std::string> all_keys(const Object& object, const Field& field, const Record& record);

}  // namespace patchbay::domain::records
