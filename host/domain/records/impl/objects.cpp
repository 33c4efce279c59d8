#include "domain/records/objects.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "domain/records/impl/definition_checks.hpp"
#include "domain/records/impl/definition_table.hpp"
#include "domain/records/impl/findings.hpp"
#include "domain/records/impl/plan.hpp"
#include "domain/records/impl/record_table.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::records {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr Duration kLook{1'000};
constexpr std::size_t kPortion = 500;

using Hold = DefinitionTable::Hold;

[[noreturn]] void no_object(const std::string& code) {
  throw Error(Code::not_found, Text("domain.records.no_object", {{"code", code.substr(0, 100)}}));
}

const Field* any_field(const Object& object, const std::string& code) {
  for (const auto& field : object.fields) {
    if (field.code == code) return &field;
  }
  return nullptr;
}

// `change` laid over what is there; `places`: where the fields of the change came to stand.
json changed(const Object& object, const json& change, std::vector<std::size_t>& places) {
  auto document = to_json(object);
  for (const auto& [name, value] : change.items()) {
    if (name != "fields") document[name] = value;
  }
  auto& fields = document["fields"];
  for (const auto& given : change.value("fields", json::array())) {
    std::size_t at = 0;
    while (at < fields.size() && fields[at].at("code") != given.value("code", "")) ++at;
    if (at == fields.size()) {
      fields.push_back(given);
    } else {
      for (const auto& [name, value] : given.items()) fields[at][name] = value;
    }
    places.push_back(at);
  }
  document["code"] = object.code;
  return document;
}

// A diagnostic points into what was given, not into what came of it.
std::string given_place(const std::string& path, const std::vector<std::size_t>& places) {
  constexpr std::string_view kFields = "/fields/";
  if (path.compare(0, kFields.size(), kFields) != 0) return path;
  const auto end = std::min(path.find('/', kFields.size()), path.size());
  const auto number = path.substr(kFields.size(), end - kFields.size());
  for (std::size_t i = places.size(); i-- > 0;) {
    if (std::to_string(places[i]) == number)
      return std::string(kFields) + std::to_string(i) + path.substr(end);
  }
  return path;
}

Object read_change(const Object& before, const json& change) {
  std::vector<std::size_t> places;
  const auto document = changed(before, change, places);
  try {
    return read_object(document);
  } catch (const Error& error) {
    Findings findings;
    for (const auto& one : error.diagnostics())
      findings.emplace_back(given_place(one.path, places), one.summary, one.remedy);
    throw_if_any(std::move(findings));
    throw;
  }
}

std::size_t place_in(const json& change, const std::string& code) {
  const auto given = change.value("fields", json::array());
  std::size_t at = 0;
  while (at < given.size() && given[at].value("code", "") != code) ++at;
  return at;
}

// What values and what relies on them cannot follow.
void check_same(const Object& before, const Object& after, const json& change) {
  Findings findings;
  for (const auto& field : after.fields) {
    const auto* old = any_field(before, field.code);
    if (old == nullptr) continue;
    const auto at = "/fields/" + std::to_string(place_in(change, field.code));
    if (old->type != field.type) findings.emplace_back(at + "/type", Text("domain.records.fixed"));
    if (old->target != field.target) findings.emplace_back(at + "/target", Text("domain.records.fixed"));
    if (old->many != field.many) findings.emplace_back(at + "/many", Text("domain.records.fixed"));
    if (old->mask.empty() != field.mask.empty())
      findings.emplace_back(at + "/mask", Text("domain.records.fixed"));
  }
  throw_if_any(std::move(findings));
}

void check_targets(DefinitionTable& table, const Object& object, const json& given) {
  Findings findings;
  for (const auto& field : object.fields) {
    const auto at = "/fields/" + std::to_string(place_in(given, field.code)) + "/target";
    const bool ours = field.target == "user" || field.target == "chat" || field.target == "any" ||
                      field.target == object.code;
    if (field.type == FieldType::lookup && !table.lookup_version(field.target))
      findings.emplace_back(at, Text("domain.records.no_lookup", {{"code", field.target}}));
    if (field.type == FieldType::link && !ours && !table.object_version(field.target, Hold::none))
      findings.emplace_back(at, Text("domain.records.no_object", {{"code", field.target}}));
  }
  throw_if_any(std::move(findings));
}

void follow_unique(DefinitionTable& table, const Field& old, const Field& now) {
  if (old.unique == now.unique) return;
  if (!now.unique) return table.end_unique(old.id);
  if (!old.is_indexed() || table.is_filling(old.id))
    throw Error(Code::conflict, Text("domain.records.unique_later", {{"code", now.code}}));
  if (table.has_doubles(old.id))
    throw Error(Code::conflict, Text("domain.records.doubles", {{"code", now.code}}));
  table.make_unique(old.id);
}

// Keys that are not there yet are written afterwards.
void follow_keys(DefinitionTable& table, const Object& before, const Object& after) {
  bool words = false;
  for (const auto& field : after.fields) {
    const auto* old = any_field(before, field.code);
    words = words || field.searchable != (old != nullptr && old->searchable);
    if (old == nullptr) continue;
    follow_unique(table, *old, field);
    if (field.is_indexed() && !old->is_indexed()) table.fill_again(old->id);
  }
  if (words) table.fill_again(before.words.id);
}

}  // namespace

Objects::Objects(store::Store& store, Clock& clock, IdMint& ids, log::Logger logger)
    : store_(store), clock_(clock), ids_(ids), logger_(std::move(logger)) {}

void Objects::audit(store::Session& session, const store::Actor& who, const char* action,
                    const std::string& object, const json& detail) const {
  store::write_audit(session, store::AuditEntry(ids_.next(), clock_.now().time_since_epoch().count(), who,
                                                action, object, detail.dump()));
}

asio::awaitable<void> Objects::prepare() {
  auto work = [this](store::Session& session) {
    DefinitionTable table(session);
    for (const auto& lookup : standard_lookups()) table.insert(lookup);
    for (const auto& object : standard_objects()) {
      const bool fresh = table.insert(object);
      table.object_version(object.code, Hold::alone);
      table.add_fields(object, ids_, !fresh);
    }
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<void> Objects::run() {
  for (;;) {
    try {
      while (co_await fill_some()) {
      }
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      logger_.warn("records: keys of a field are not written; it is tried again", {{"error", error.what()}});
    }
    co_await clock_.sleep(kLook);
  }
}

asio::awaitable<bool> Objects::fill_some() {
  auto look = [](store::Session& session) { return DefinitionTable(session).filling(); };
  const auto found = co_await store_.read(std::move(look));
  if (!found) co_return false;
  auto work = [this, wanted = *found](store::Session& session) {
    DefinitionTable table(session);
    const auto object = require(session, wanted.object, true);
    const auto filling = table.hold_filling(wanted.field);
    if (!filling) return;
    const auto* field = wanted.code == kWords       ? &object->words
                        : wanted.code == kUpdatedAt ? &object->updated_at
                                                    : any_field(*object, wanted.code);
    RecordTable records(session);
    const auto portion =
        field == nullptr ? std::vector<Record>() : records.up(object->code, filling->filled_to, kPortion);
    for (const auto& one : portion) {
      if (const auto record = records.hold(one.id); record && record->state == "live")
        records.set_keys(one.id, field->id, all_keys(*object, *field, *record));
    }
    const bool done = portion.size() < kPortion;
    table.set_filled(wanted.field, done ? std::nullopt : std::optional(portion.back().id));
  };
  co_await store_.write(std::move(work));
  co_return true;
}

std::shared_ptr<const Object> Objects::require(store::Session& session, const std::string& code, bool hold) {
  DefinitionTable table(session);
  const auto version = table.object_version(code, hold ? Hold::share : Hold::none);
  if (!version) no_object(code);
  {
    const std::lock_guard lock(mutex_);
    const auto known = objects_.find(code);
    if (known != objects_.end() && known->second->version == *version) return known->second;
  }
  auto read = table.object(code);
  if (!read) no_object(code);
  auto fresh = std::make_shared<const Object>(std::move(*read));
  const std::lock_guard lock(mutex_);
  objects_[code] = fresh;
  return fresh;
}

asio::awaitable<std::vector<Object>> Objects::objects() {
  auto work = [](store::Session& session) {
    DefinitionTable table(session);
    std::vector<Object> all;
    for (const auto& code : table.object_codes()) all.push_back(*table.object(code));
    return all;
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Object> Objects::object(std::string code) {
  auto work = [code](store::Session& session) {
    auto found = DefinitionTable(session).object(code);
    if (!found) no_object(code);
    return std::move(*found);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Object> Objects::create_object(json document, store::Actor who) {
  auto fresh = read_object(document);
  fresh.version = clock_.now().time_since_epoch().count();  // not the one of another that had this code
  auto work = [this, fresh, document, who](store::Session& session) {
    DefinitionTable table(session);
    check_targets(table, fresh, document);
    const bool ours = fresh.code == "user" || fresh.code == "chat" || fresh.code == "any";
    if (ours || !table.insert(fresh)) code_taken(fresh.code);
    table.add_fields(fresh, ids_, false);
    audit(session, who, "object.create", "object:" + fresh.code, {{"new", to_json(fresh)}});
    return *table.object(fresh.code);
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<Object> Objects::change_object(std::string code, json change,
                                               std::optional<std::int64_t> version, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    DefinitionTable table(session);
    const auto present = table.object_version(code, Hold::alone);
    if (!present) no_object(code);
    require_version(*present, version);
    const auto before = *table.object(code);
    auto after = read_change(before, change);
    check_same(before, after, change);
    check_targets(table, after, change);
    if (to_json(before) == to_json(after)) return before;
    after.version = *present + 1;
    table.update(after);
    table.add_fields(after, ids_, table.has_records(code));
    follow_keys(table, before, after);
    audit(session, who, "object.change", "object:" + code,
          {{"old", to_json(before)}, {"new", to_json(after)}});
    return *table.object(code);
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> Objects::remove_object(std::string code, std::optional<std::int64_t> version,
                                             store::Actor who) {
  auto work = [=, this](store::Session& session) {
    DefinitionTable table(session);
    const auto present = table.object_version(code, Hold::alone);
    if (!present) no_object(code);
    require_version(*present, version);
    const auto object = *table.object(code);
    if (object.built_in || table.has_records(code))
      throw Error(Code::conflict, Text("domain.records.object_used", {{"code", code}}));
    refuse_if_pointed_at(table, FieldType::link, code);
    table.remove_object(code);
    audit(session, who, "object.remove", "object:" + code, {{"old", to_json(object)}});
  };
  co_await store_.write(std::move(work));
}

}  // namespace patchbay::domain::records
