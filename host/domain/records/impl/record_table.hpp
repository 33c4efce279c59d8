#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/records/record.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// From one key on to another, which is not among them.
struct Range {
  Range(std::string l, std::string h) : low(std::move(l)), high(std::move(h)) {}
  bool has(const std::string& key) const { return low <= key && key < high; }
  std::string low;
  std::string high;
};

// A record and the key by which a list came to it.
struct Hit {
  Record record;
  std::string key;
};

// The tables of records and their keys, in the caller's transaction.
class RecordTable {
 public:
  explicit RecordTable(store::Session& session) : session_(session) {}

  std::optional<Record> find(Id id);
  // Nobody else changes it until the transaction ends.
  std::optional<Record> hold(Id id);
  // It is neither merged nor removed meanwhile; others may do the same.
  std::optional<Record> share(Id id);
  std::vector<Record> find_all(const std::vector<Id>& ids);  // those that there are
  void insert(const Record& record);
  void update(const Record& record);

  // Its live records after (before) an id.
  std::vector<Record> up(const std::string& object, Id after, std::size_t limit);
  std::vector<Record> down(const std::string& object, Id before, std::size_t limit);
  // By a field: those in the range, after (before) a record with that key.
  std::vector<Hit> up(Id field, const Range& range, Id after, std::size_t limit);
  std::vector<Hit> down(Id field, const Range& range, Id before, std::size_t limit);
  // Some in the range, each once.
  std::vector<Id> some(Id field, const Range& range, std::size_t limit);

  void set_keys(Id record, Id field, const std::vector<std::string>& keys);
  void add_keys(Id record, const std::vector<std::pair<Id, std::string>>& keys);
  void remove_keys(Id record);
  // Who has a unique key.
  std::optional<Id> holder(Id field, const std::string& key);
  void set_unique(Id record, Id field, const std::string& key);
  void remove_unique(Id record, Id field);

  // Of a numbering field; given back if the transaction is. Whoever comes next waits until it ends.
  std::int64_t next_number(Id field);
  void set_number(Id field, std::int64_t last);
  // The place of the first unique key that nobody has; as many as there are when each is taken.
  std::int64_t first_free(Id field, const std::vector<std::string>& keys);

  std::optional<Id> named(const std::string& object, const ExternalName& name);
  // False: a record has that name already.
  bool add_name(const std::string& object, const ExternalName& name, Id record);
  std::vector<ExternalName> names(Id record);
  void move_names(Id from, Id to);
  void remove_name(const std::string& object, const ExternalName& name);
  void remove_names(Id record);

  void add(const Change& change, Id record);
  std::vector<Change> history(Id record, Id after, std::size_t limit);

 private:
  store::Session& session_;
};

}  // namespace patchbay::domain::records
