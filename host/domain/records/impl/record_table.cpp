#include "domain/records/impl/record_table.hpp"

#include <algorithm>

#include "store/bulk_insert.hpp"

namespace patchbay::domain::records {

using nlohmann::json;
using store::Bytes;

namespace {

#define PB_RECORD                                                                                     \
  "records.id, records.object, records.state, records.version, records.fields, records.merged_into, " \
  "records.created_at, records.created_by, records.updated_at, records.updated_by"
#define PB_KEYED                                                                              \
  "select " PB_RECORD                                                                         \
  ", record_keys.key from record_keys join records on records.id = record_keys.record where " \
  "record_keys.field = :field "

Record record_of(const store::Row& row) {
  Record record;
  record.id = row.integer(0);
  record.object = row.text(1);
  record.state = row.text(2);
  record.version = row.integer(3);
  record.fields = json::parse(row.text(4));
  record.merged_into = row.maybe_integer(5);
  record.created_at = row.integer(6);
  record.created_by = row.text(7);
  record.updated_at = row.integer(8);
  record.updated_by = row.text(9);
  return record;
}

std::optional<Record> first(const std::vector<store::Row>& rows) {
  return rows.empty() ? std::nullopt : std::optional(record_of(rows.front()));
}

std::vector<Record> all(const std::vector<store::Row>& rows) {
  std::vector<Record> records;
  for (const auto& row : rows) records.push_back(record_of(row));
  return records;
}

std::vector<Hit> hits(const std::vector<store::Row>& rows) {
  std::vector<Hit> found;
  for (const auto& row : rows) {
    auto& hit = found.emplace_back();
    hit.record = record_of(row);
    hit.key = row.bytes(10);
  }
  return found;
}

std::int64_t size_of(std::size_t limit) {
  return static_cast<std::int64_t>(limit);
}

}  // namespace

std::optional<Record> RecordTable::find(Id id) {
  return first(session_.query("select " PB_RECORD " from records where id = :id", {id}));
}

std::optional<Record> RecordTable::hold(Id id) {
  if (session_.dialect() == store::Dialect::postgresql)
    return first(session_.query("select " PB_RECORD " from records where id = :id for update", {id}));
  return find(id);
}

std::optional<Record> RecordTable::share(Id id) {
  if (session_.dialect() == store::Dialect::postgresql)
    return first(session_.query("select " PB_RECORD " from records where id = :id for share", {id}));
  return find(id);
}

std::vector<Record> RecordTable::find_all(const std::vector<Id>& ids) {
  std::vector<store::Values> values;
  for (const auto id : ids) values.push_back({id});
  std::vector<Record> records;
  for (const auto& rows :
       session_.query_each("select " PB_RECORD " from records where id = :id", std::move(values))) {
    if (!rows.empty()) records.push_back(record_of(rows.front()));
  }
  return records;
}

void RecordTable::insert(const Record& record) {
  session_.later(
      "insert into records(id, object, state, version, fields, created_at, created_by, updated_at, "
      "updated_by) values "
      "(:id, :object, :state, :version, :fields, :created_at, :created_by, :updated_at, :updated_by)",
      {record.id, record.object, record.state, record.version, record.fields.dump(), record.created_at,
       record.created_by, record.updated_at, record.updated_by});
}

void RecordTable::update(const Record& record) {
  session_.later(
      "update records set state = :state, version = :version, fields = :fields, merged_into = :merged_into, "
      "updated_at "
      "= :at, updated_by = :by where id = :id",
      {record.state, record.version, record.fields.dump(), store::nullable(record.merged_into),
       record.updated_at, record.updated_by, record.id});
}

std::vector<Record> RecordTable::up(const std::string& object, Id after, std::size_t limit) {
  return all(session_.query(
      "select " PB_RECORD
      " from records where object = :object and state = 'live' and id > :after order by id limit "
      ":limit",
      {object, after, size_of(limit)}));
}

std::vector<Record> RecordTable::down(const std::string& object, Id before, std::size_t limit) {
  return all(session_.query(
      "select " PB_RECORD
      " from records where object = :object and state = 'live' and id < :before order by id desc "
      "limit :limit",
      {object, before, size_of(limit)}));
}

std::vector<Hit> RecordTable::up(Id field, const Range& range, Id after, std::size_t limit) {
  return hits(
      session_.query(PB_KEYED
                     "and (record_keys.key, record_keys.record) > (:low, :after) and record_keys.key < :high "
                     "order by record_keys.key, record_keys.record limit :limit",
                     {field, Bytes(range.low), after, Bytes(range.high), size_of(limit)}));
}

std::vector<Hit> RecordTable::down(Id field, const Range& range, Id before, std::size_t limit) {
  return hits(session_.query(
      PB_KEYED
      "and (record_keys.key, record_keys.record) < (:high, :before) and record_keys.key >= :low "
      "order by record_keys.key desc, record_keys.record desc limit :limit",
      {field, Bytes(range.high), before, Bytes(range.low), size_of(limit)}));
}

std::vector<Id> RecordTable::some(Id field, const Range& range, std::size_t limit) {
  std::vector<Id> found;
  for (const auto& row :
       session_.query("select record from record_keys where field = :field and key >= :low and key < "
                      ":high order by key, record limit :limit",
                      {field, Bytes(range.low), Bytes(range.high), size_of(limit)}))
    found.push_back(row.integer(0));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void RecordTable::set_keys(Id record, Id field, const std::vector<std::string>& keys) {
  session_.later("delete from record_keys where record = :record and field = :field", {record, field});
  std::vector<std::pair<Id, std::string>> all_keys;
  for (const auto& key : keys) all_keys.emplace_back(field, key);
  add_keys(record, all_keys);
}

void RecordTable::add_keys(Id record, const std::vector<std::pair<Id, std::string>>& keys) {
  using store::ColumnType;
  if (keys.empty()) return;
  store::BulkInsert rows(
      "record_keys",
      {{"field", ColumnType::integer}, {"key", ColumnType::bytes}, {"record", ColumnType::integer}},
      "field, key, record");
  for (const auto& [field, key] : keys) rows.add({field, Bytes(key), record});
  session_.insert_new(rows);
}

void RecordTable::remove_keys(Id record) {
  session_.later("delete from record_keys where record = :record", {record});
  session_.later("delete from record_unique where record = :record", {record});
}

std::optional<Id> RecordTable::holder(Id field, const std::string& key) {
  const auto row = session_.query_one("select record from record_unique where field = :field and key = :key",
                                      {field, Bytes(key)});
  return row ? std::optional(row->integer(0)) : std::nullopt;
}

void RecordTable::set_unique(Id record, Id field, const std::string& key) {
  session_.later("insert into record_unique(field, key, record) values (:field, :key, :record)",
                 {field, Bytes(key), record});
}

void RecordTable::remove_unique(Id record, Id field) {
  session_.later("delete from record_unique where record = :record and field = :field", {record, field});
}

std::int64_t RecordTable::next_number(Id field) {
  const auto row = session_.query_one(
      "update record_fields set last_number = last_number + 1 where id = :id returning last_number", {field});
  return row->integer(0);
}

void RecordTable::set_number(Id field, std::int64_t last) {
  session_.later("update record_fields set last_number = :last where id = :id", {last, field});
}

std::int64_t RecordTable::first_free(Id field, const std::vector<std::string>& keys) {
  // Nearly always the first.
  if (!holder(field, keys.front())) return 0;
  std::vector<store::Values> values;
  for (const auto& key : keys) values.push_back({field, Bytes(key)});
  const auto taken = session_.query_each(
      "select record from record_unique where field = :field and key = :key", std::move(values));
  const auto free = std::find_if(taken.begin(), taken.end(), [](const auto& rows) { return rows.empty(); });
  return free - taken.begin();
}

std::optional<Id> RecordTable::named(const std::string& object, const ExternalName& name) {
  const auto row = session_.query_one(
      "select record from record_sources where object = :object and source = :source and external_id = :id",
      {object, name.source, name.id});
  return row ? std::optional(row->integer(0)) : std::nullopt;
}

bool RecordTable::add_name(const std::string& object, const ExternalName& name, Id record) {
  return session_.exec(
             "insert into record_sources(object, source, external_id, record) values (:object, :source, :id, "
             ":record) on "
             "conflict(object, source, external_id) do nothing",
             {object, name.source, name.id, record}) > 0;
}

std::vector<ExternalName> RecordTable::names(Id record) {
  std::vector<ExternalName> found;
  for (const auto& row : session_.query("select source, external_id from record_sources where record = "
                                        ":record order by source, external_id",
                                        {record}))
    found.emplace_back(row.text(0), row.text(1));
  return found;
}

void RecordTable::move_names(Id from, Id to) {
  session_.later("update record_sources set record = :to where record = :from", {to, from});
}

void RecordTable::remove_name(const std::string& object, const ExternalName& name) {
  session_.exec(
      "delete from record_sources where object = :object and source = :source and external_id = :id",
      {object, name.source, name.id});
}

void RecordTable::remove_names(Id record) {
  session_.later("delete from record_sources where record = :record", {record});
}

void RecordTable::add(const Change& change, Id record) {
  session_.later(
      "insert into record_history(id, record, at, actor, action, version, changes) values (:id, :record, "
      ":at, :actor, "
      ":action, :version, :changes)",
      {change.id, record, change.at, change.actor, change.action, change.version, change.changes.dump()});
}

std::vector<Change> RecordTable::history(Id record, Id after, std::size_t limit) {
  std::vector<Change> found;
  for (const auto& row : session_.query("select id, at, actor, action, version, changes from record_history "
                                        "where record = :record and id > "
                                        ":after order by id limit :limit",
                                        {record, after, size_of(limit)})) {
    auto& change = found.emplace_back();
    change.id = row.integer(0);
    change.at = row.integer(1);
    change.actor = row.text(2);
    change.action = row.text(3);
    change.version = row.integer(4);
    change.changes = json::parse(row.text(5));
  }
  return found;
}

}  // namespace patchbay::domain::records
