#include "domain/records/objects.hpp"

#include "base/error.hpp"
#include "domain/records/impl/definition_checks.hpp"

namespace patchbay::domain::records {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

[[noreturn]] void no_lookup(const std::string& code) {
  throw Error(Code::not_found, Text("domain.records.no_lookup", {{"code", code.substr(0, 100)}}));
}

Lookup require_row(DefinitionTable& table, const std::string& code, std::optional<std::int64_t> version) {
  auto found = table.lookup(code);
  if (!found) no_lookup(code);
  require_version(found->version, version);
  return std::move(*found);
}

std::vector<std::string> pointing(DefinitionTable& table, FieldType type, const std::string& target) {
  std::vector<std::string> found;
  for (const auto& code : table.object_codes()) {
    const auto object = table.object(code);
    for (const auto& field : object->fields) {
      if (field.type == type && field.target == target && code != target)
        found.push_back(code + "." + field.code);
    }
  }
  return found;
}

void check_values(DefinitionTable& table, const Lookup& before, const Lookup& after) {
  for (const auto& old : before.values) {
    if (after.find(old.code) != nullptr) continue;
    bool used = old.built_in;
    for (const auto& code : table.object_codes()) {
      const auto object = table.object(code);
      for (const auto& field : object->fields)
        used = used || (field.type == FieldType::lookup && field.target == before.code &&
                        table.is_used(field.id, old.code));
    }
    if (used) throw Error(Code::conflict, Text("domain.records.value_used", {{"code", old.code}}));
  }
}

}  // namespace

void code_taken(const std::string& code) {
  throw Error(Code::conflict, Text("domain.records.code_taken", {{"code", code}}));
}

void refuse_if_pointed_at(DefinitionTable& table, FieldType type, const std::string& target) {
  std::string names;
  for (const auto& one : pointing(table, type, target)) names += (names.empty() ? "" : ", ") + one;
  if (!names.empty())
    throw Error(Code::conflict, Text("domain.records.pointed_at", {{"code", target}, {"fields", names}}));
}

std::shared_ptr<const Lookup> Objects::require_lookup(store::Session& session, const std::string& code) {
  DefinitionTable table(session);
  const auto version = table.lookup_version(code);
  if (!version) no_lookup(code);
  {
    const std::lock_guard lock(mutex_);
    const auto known = lookups_.find(code);
    if (known != lookups_.end() && known->second->version == *version) return known->second;
  }
  auto fresh = std::make_shared<const Lookup>(*table.lookup(code));
  const std::lock_guard lock(mutex_);
  lookups_[code] = fresh;
  return fresh;
}

asio::awaitable<std::vector<Lookup>> Objects::lookups() {
  auto work = [](store::Session& session) {
    DefinitionTable table(session);
    std::vector<Lookup> all;
    for (const auto& code : table.lookup_codes()) all.push_back(*table.lookup(code));
    return all;
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Lookup> Objects::lookup(std::string code) {
  auto work = [code](store::Session& session) {
    auto found = DefinitionTable(session).lookup(code);
    if (!found) no_lookup(code);
    return std::move(*found);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Lookup> Objects::create_lookup(json document, store::Actor who) {
  auto fresh = read_lookup(document);
  fresh.version = clock_.now().time_since_epoch().count();  // not the one of another that had this code
  auto work = [this, fresh, who](store::Session& session) {
    DefinitionTable table(session);
    if (!table.insert(fresh)) code_taken(fresh.code);
    audit(session, who, "lookup.create", "lookup:" + fresh.code, {{"new", to_json(fresh)}});
    return *table.lookup(fresh.code);
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<Lookup> Objects::change_lookup(std::string code, json change,
                                               std::optional<std::int64_t> version, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    DefinitionTable table(session);
    const auto before = require_row(table, code, version);
    auto document = to_json(before);
    document.update(change);
    document["code"] = code;
    auto after = read_lookup(document);
    check_values(table, before, after);
    if (to_json(before) == to_json(after)) return before;
    after.version = before.version + 1;
    // Somebody else was quicker.
    if (!table.update(after, before.version)) require_version(before.version + 1, before.version);
    audit(session, who, "lookup.change", "lookup:" + code,
          {{"old", to_json(before)}, {"new", to_json(after)}});
    return *table.lookup(code);
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> Objects::remove_lookup(std::string code, std::optional<std::int64_t> version,
                                             store::Actor who) {
  auto work = [=, this](store::Session& session) {
    DefinitionTable table(session);
    const auto lookup = require_row(table, code, version);
    if (lookup.built_in) throw Error(Code::conflict, Text("domain.records.lookup_ours", {{"code", code}}));
    refuse_if_pointed_at(table, FieldType::lookup, code);
    table.remove_lookup(code);
    audit(session, who, "lookup.remove", "lookup:" + code, {{"old", to_json(lookup)}});
  };
  co_await store_.write(std::move(work));
}

}  // namespace patchbay::domain::records
