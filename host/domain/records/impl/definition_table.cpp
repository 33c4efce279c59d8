#include "domain/records/impl/definition_table.hpp"

#include <algorithm>
#include <map>

#include "domain/records/impl/values.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

#define PB_OBJECT_VERSION "select version from record_objects where code = :code"
#define PB_FILLING "select id, object, code, filled_to from record_fields where filled_to is not null"

std::vector<std::string> texts(const std::vector<store::Row>& rows) {
  std::vector<std::string> all;
  for (const auto& row : rows) all.push_back(row.text(0));
  return all;
}

std::optional<DefinitionTable::Filling> filling_of(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  DefinitionTable::Filling filling;
  filling.field = row->integer(0);
  filling.object = row->text(1);
  filling.code = row->text(2);
  filling.filled_to = row->integer(3);
  return filling;
}

std::optional<std::int64_t> number(const std::optional<store::Row>& row) {
  return row ? row->maybe_integer(0) : std::nullopt;
}

// An admin's lookup may have lost what this release knows as its own, never the other way round.
Lookup with_standard(Lookup stored) {
  for (const auto& ours : standard_lookups()) {
    if (ours.code != stored.code) continue;
    stored.built_in = true;
    for (auto& value : stored.values) value.built_in = ours.find(value.code) != nullptr;
    for (const auto& value : ours.values) {
      if (stored.find(value.code) == nullptr) stored.values.push_back(value);
    }
  }
  return stored;
}

}  // namespace

std::optional<std::int64_t> DefinitionTable::object_version(const std::string& code, Hold hold) {
  const bool locks = session_.dialect() == store::Dialect::postgresql;
  if (locks && hold == Hold::share) return number(session_.query_one(PB_OBJECT_VERSION " for share", {code}));
  if (locks && hold == Hold::alone)
    return number(session_.query_one(PB_OBJECT_VERSION " for update", {code}));
  return number(session_.query_one(PB_OBJECT_VERSION, {code}));
}

std::optional<Object> DefinitionTable::object(const std::string& code) {
  const auto row =
      session_.query_one("select version, definition from record_objects where code = :code", {code});
  if (!row) return std::nullopt;
  auto object = records::with_standard(read_object(json::parse(row->text(1))));
  object.version = row->integer(0);
  std::map<std::string, Field*> known;
  for (auto& field : object.fields) known[field.code] = &field;
  object.words.code = kWords;
  object.updated_at.code = kUpdatedAt;
  object.updated_at.type = FieldType::datetime;
  known[kWords] = &object.words;
  known[kUpdatedAt] = &object.updated_at;
  for (const auto& one :
       session_.query("select code, id, filled_to from record_fields where object = :object", {code})) {
    const auto found = known.find(one.text(0));
    if (found == known.end()) continue;
    found->second->id = one.integer(1);
    found->second->filling = !one.is_null(2);
  }
  return object;
}

std::vector<std::string> DefinitionTable::object_codes() {
  return texts(session_.query("select code from record_objects order by code"));
}

bool DefinitionTable::insert(const Object& object) {
  return session_.exec(
             "insert into record_objects(code, version, definition) values (:code, :version, :definition) on "
             "conflict(code) do nothing",
             {object.code, std::max<std::int64_t>(object.version, 1), to_json(object).dump()}) > 0;
}

void DefinitionTable::update(const Object& object) {
  session_.exec("update record_objects set version = :version, definition = :definition where code = :code",
                {object.version, to_json(object).dump(), object.code});
}

void DefinitionTable::remove_object(const std::string& code) {
  session_.exec("delete from record_fields where object = :object", {code});
  session_.exec("delete from record_objects where code = :code", {code});
}

void DefinitionTable::add_fields(const Object& object, IdMint& ids, bool fill) {
  const auto add = [&](const std::string& code, bool indexed) {
    session_.exec(
        "insert into record_fields(id, object, code, filled_to, last_number) values (:id, :object, :code, "
        ":filled_to, 0) "
        "on conflict(object, code) do nothing",
        {ids.next(), object.code, code, fill && indexed ? store::Value(std::int64_t{0}) : store::Value()});
  };
  for (const auto& field : object.fields) add(field.code, field.is_indexed());
  add(kWords, true);
  add(kUpdatedAt, true);
}

void DefinitionTable::fill_again(Id field) {
  session_.exec("update record_fields set filled_to = 0 where id = :id", {field});
}

std::optional<DefinitionTable::Filling> DefinitionTable::filling() {
  return filling_of(session_.query_one(PB_FILLING " order by id limit 1"));
}

bool DefinitionTable::is_filling(Id field) {
  return session_.query_one(PB_FILLING " and id = :id", {field}).has_value();
}

std::optional<DefinitionTable::Filling> DefinitionTable::hold_filling(Id field) {
  if (session_.dialect() == store::Dialect::postgresql)
    return filling_of(session_.query_one(PB_FILLING " and id = :id for update", {field}));
  return filling_of(session_.query_one(PB_FILLING " and id = :id", {field}));
}

void DefinitionTable::set_filled(Id field, std::optional<Id> to) {
  session_.exec("update record_fields set filled_to = :filled_to where id = :id",
                {store::nullable(to), field});
}

bool DefinitionTable::has_doubles(Id field) {
  return session_
      .query_one(
          "select key from record_keys where field = :field and key > :none group by key having count(*) > 1 "
          "limit 1",
          {field, store::Bytes("")})
      .has_value();
}

void DefinitionTable::make_unique(Id field) {
  session_.exec(
      "insert into record_unique(field, key, record) select field, key, record from record_keys where field "
      "= :field and "
      "key > :none",
      {field, store::Bytes("")});
}

void DefinitionTable::end_unique(Id field) {
  session_.exec("delete from record_unique where field = :field", {field});
}

std::optional<std::int64_t> DefinitionTable::lookup_version(const std::string& code) {
  return number(session_.query_one("select version from lookups where code = :code", {code}));
}

std::optional<Lookup> DefinitionTable::lookup(const std::string& code) {
  const auto row = session_.query_one("select version, definition from lookups where code = :code", {code});
  if (!row) return std::nullopt;
  auto lookup = with_standard(read_lookup(json::parse(row->text(1))));
  lookup.version = row->integer(0);
  return lookup;
}

std::vector<std::string> DefinitionTable::lookup_codes() {
  return texts(session_.query("select code from lookups order by code"));
}

bool DefinitionTable::insert(const Lookup& lookup) {
  return session_.exec(
             "insert into lookups(code, version, definition) values (:code, :version, :definition) on "
             "conflict(code) do nothing",
             {lookup.code, std::max<std::int64_t>(lookup.version, 1), to_json(lookup).dump()}) > 0;
}

bool DefinitionTable::update(const Lookup& lookup, std::int64_t former) {
  return session_.exec(
             "update lookups set version = :version, definition = :definition where code = :code and version "
             "= :former",
             {lookup.version, to_json(lookup).dump(), lookup.code, former}) > 0;
}

void DefinitionTable::remove_lookup(const std::string& code) {
  session_.exec("delete from lookups where code = :code", {code});
}

bool DefinitionTable::is_used(Id field, const std::string& value) {
  return session_
      .query_one("select record from record_keys where field = :field and key = :key limit 1",
                 {field, store::Bytes(key_of(FieldType::lookup, value))})
      .has_value();
}

bool DefinitionTable::has_records(const std::string& object) {
  return session_.query_one("select id from records where object = :object limit 1", {object}).has_value();
}

}  // namespace patchbay::domain::records
