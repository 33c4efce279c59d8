#include "domain/records/editor.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "domain/journal/journal.hpp"
#include "domain/records/impl/definition_table.hpp"
#include "domain/records/impl/findings.hpp"
#include "domain/records/impl/plan.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/records/impl/values.hpp"
#include "schema/nearest.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr std::size_t kPortion = 500;  // records whose links follow
constexpr std::int64_t kAtOnce = 50;   // numbers looked at

std::string at_of(const std::string& code) {
  return "/fields/" + code;
}

// {"<code>": {"old", "new"}} of what is not the same.
json difference(const json& before, const json& after) {
  auto changes = json::object();
  for (const auto& [code, value] : after.items()) {
    const auto old = before.value(code, json());
    if (old != value) changes[code] = {{"old", old}, {"new", value}};
  }
  for (const auto& [code, value] : before.items()) {
    if (!after.contains(code)) changes[code] = {{"old", value}, {"new", nullptr}};
  }
  return changes;
}

void set(json& fields, const std::string& code, json value) {
  if (value.is_null()) {
    fields.erase(code);
  } else {
    fields[code] = std::move(value);
  }
}

void refuse_unknown(const Object& object, const json& given, Findings& findings) {
  for (const auto& [code, value] : given.items()) {
    if (object.find(code) != nullptr) continue;
    std::vector<std::string> known;
    for (const auto& field : object.fields) known.push_back(field.code);
    const auto near = schema::nearest(code, known);
    findings.emplace_back(at_of(code),
                          Text(near.empty() ? "domain.records.no_field" : "domain.records.no_field_nearest",
                               {{"code", code.substr(0, 100)}, {"nearest", near}}));
  }
}

// Values of both, those of `kept` first.
json joined(const Field& field, const json& kept, const json& other) {
  if (kept.is_null() || other.is_null()) return kept.is_null() ? other : kept;
  if (!field.many) return kept;
  auto all = kept;
  const auto known = values_of(field, kept);
  for (const auto& entry : other) {
    const auto value = values_of(field, json::array({entry})).front();
    if (std::find(known.begin(), known.end(), value) == known.end()) all.push_back(entry);
  }
  return all;
}

}  // namespace

// What a record is to be, before anything is written.
struct Editor::Draft {
  const Record* before = nullptr;
  json fields = json::object();
  Findings findings;
  std::set<std::string> standard;  // what is there because nobody said anything
  bool by_person = false;

  bool asks(const Field& field) const { return by_person && field.required && field.mask.empty(); }
  bool is_new(const std::string& code) const {
    const auto found = fields.find(code);
    return found != fields.end() && (before == nullptr || before->fields.value(code, json()) != *found);
  }
};

bool is_refusal(const Error& error) {
  const auto code = error.code();
  const bool refused = code == Code::invalid || code == Code::conflict || code == Code::not_found;
  return refused && error.text().id() != "store.constraint";
}

Editor::Editor(store::Session& session, Tools& tools)
    : session_(session), tools_(tools), now_(tools.clock.now().time_since_epoch().count()) {}

const Object& Editor::object(const std::string& code) {
  auto& held = held_[code];
  if (!held) held = tools_.objects.require(session_, code, true);
  return *held;
}

bool Editor::exists(const std::string& target, Id id) {
  if (target == "user") return session_.query_one("select id from users where id = :id", {id}).has_value();
  return session_.query_one("select id from chats where id = :id", {id}).has_value();
}

json Editor::checked_link(const Field& field, const json& value, const std::string& at, Findings& findings) {
  const auto id = parse_id(value.get<std::string>()).value_or(0);
  if (field.target == "user" || field.target == "chat") {
    if (exists(field.target, id)) return value;
  } else if (auto found = RecordTable(session_).share(id)) {
    while (found && found->merged_into) found = RecordTable(session_).share(*found->merged_into);
    if (found && found->state == "live" && (field.target == "any" || found->object == field.target))
      return to_string_id(found->id);
  }
  findings.emplace_back(
      at, Text("domain.records.no_target", {{"target", field.target}, {"id", to_string_id(id)}}));
  return value;
}

bool Editor::may_choose(const Lookup& lookup, const json& value) {
  const auto* found = lookup.find(value.get_ref<const std::string&>());
  return found != nullptr && found->active;
}

void Editor::check_lookup(const Field& field, const json& value, const std::string& at, Findings& findings) {
  const auto lookup = tools_.objects.require_lookup(session_, field.target);
  if (may_choose(*lookup, value)) return;
  std::string known;
  for (const auto& one : lookup->values) {
    if (one.active && known.size() < 500) known += (known.empty() ? "" : ", ") + one.code;
  }
  findings.emplace_back(at, Text("domain.records.no_value", {{"lookup", lookup->code}, {"known", known}}));
}

// Of what is another one now; what a record holds already may stay.
void Editor::check_targets(const Object& object, Draft& draft) {
  for (const auto& field : object.fields) {
    const bool link = field.type == FieldType::link;
    if ((!link && field.type != FieldType::lookup) || !draft.is_new(field.code)) continue;
    auto& stored = draft.fields.at(field.code);
    auto all = field.many ? stored : json::array({stored});
    Findings findings;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto at = at_of(field.code) + (field.many ? "/" + std::to_string(i) : "");
      if (link) {
        all[i] = checked_link(field, all[i], at, findings);
      } else {
        check_lookup(field, all[i], at, findings);
      }
    }
    if (findings.empty()) {
      stored = field.many ? all : all[0];
    } else if (draft.standard.contains(field.code)) {
      // It cannot be chosen any more. Nobody asked for it, so it stops nobody (REC-6).
      draft.fields.erase(field.code);
      if (draft.asks(field)) draft.findings.emplace_back(at_of(field.code), Text("domain.records.required"));
    } else {
      for (auto& finding : findings) draft.findings.push_back(std::move(finding));
    }
  }
}

void Editor::check_unique(const Object& object, Draft& draft) {
  Error error(Code::conflict, Text("domain.records.taken"));
  for (const auto& field : object.fields) {
    if (!field.unique || !draft.is_new(field.code)) continue;
    const auto holder = RecordTable(session_).holder(field.id, keys_of(field, draft.fields).front());
    if (!holder || (draft.before != nullptr && *holder == draft.before->id)) continue;
    if (draft.standard.contains(field.code) && !draft.asks(field)) {
      draft.fields.erase(field.code);
      continue;
    }
    error.add(
        Diagnostic(at_of(field.code), Text("domain.records.taken_by", {{"id", to_string_id(*holder)}})));
  }
  if (!error.diagnostics().empty()) throw error;
}

Editor::Draft Editor::plan(const Object& object, const Record* before, const json& given,
                           const Author& author) {
  Draft draft;
  draft.before = before;
  draft.by_person = author.source == Source::person;
  if (before != nullptr) draft.fields = before->fields;
  refuse_unknown(object, given, draft.findings);
  const Intake intake(draft.findings, tools_.home());
  for (const auto& field : object.fields) {
    if (!field.active) continue;
    const auto value = given.find(field.code);
    const bool numbers = !field.mask.empty() && value != given.end();
    if (numbers && (draft.by_person || value->is_null())) {
      if (!value->is_null() && *value != draft.fields.value(field.code, json()))
        draft.findings.emplace_back(at_of(field.code), Text("domain.records.numbers_itself"));
      continue;
    }
    const auto refused = draft.findings.size();
    if (value != given.end())
      set(draft.fields, field.code, normal_value(field, *value, at_of(field.code), intake));
    if (before == nullptr && !draft.fields.contains(field.code) && !field.standard.is_null()) {
      draft.fields[field.code] = field.standard;
      draft.standard.insert(field.code);
    }
    if (draft.asks(field) && !draft.fields.contains(field.code) && draft.findings.size() == refused)
      draft.findings.emplace_back(at_of(field.code), Text("domain.records.required"));
  }
  if (draft.findings.empty()) check_targets(object, draft);
  throw_if_any(std::move(draft.findings));
  check_unique(object, draft);
  return draft;
}

// The next that no record has: outside may have given numbers of its own (REC-2), a hundred thousand of them.
std::string Editor::free_number(const Field& field) {
  RecordTable table(session_);
  for (auto number = table.next_number(field.id);; number += kAtOnce) {
    std::vector<std::string> keys;
    for (std::int64_t i = 0; i < kAtOnce; ++i)
      keys.push_back(key_of(FieldType::text, numbered(field.mask, number + i)));
    const auto free = number + table.first_free(field.id, keys);
    if (free == number + kAtOnce) continue;
    table.set_number(field.id, free);
    return numbered(field.mask, free);
  }
}

void Editor::write_keys(const Object& object, const Record* before, const Record& after) {
  RecordTable table(session_);
  std::vector<std::pair<Id, std::string>> fresh;
  const auto write = [&](const Field& field) {
    auto keys = all_keys(object, field, after);
    if (before != nullptr) {
      if (keys == all_keys(object, field, *before)) return;
      table.set_keys(after.id, field.id, keys);
    } else {
      for (auto& key : keys) fresh.emplace_back(field.id, std::move(key));
    }
  };
  for (const auto& field : object.fields) {
    if (!field.is_indexed() || field.id == 0) continue;
    write(field);
    if (!field.unique) continue;
    const auto key = keys_of(field, after.fields).front();
    const auto old = before == nullptr ? std::string() : keys_of(field, before->fields).front();
    if (key == old) continue;
    if (!old.empty()) table.remove_unique(after.id, field.id);
    if (!key.empty()) table.set_unique(after.id, field.id, key);
  }
  write(object.words);
  write(object.updated_at);
  table.add_keys(after.id, fresh);
}

void Editor::note(const Record& after, const char* action, json changes) {
  Change change;
  change.id = tools_.ids.next();
  change.at = now_;
  change.actor = after.updated_by;
  change.action = action;
  change.version = after.version;
  change.changes = std::move(changes);
  RecordTable(session_).add(change, after.id);
}

void Editor::tell(const char* what, const Record& record) {
  journal::Entry entry(what, record.id);
  entry.object = record.object;
  journal::write(session_, tools_.ids, TimePoint(Duration(now_)), std::move(entry));
}

Record Editor::stamped(const Record& record, const Author& author) const {
  auto next = record;
  ++next.version;
  next.updated_at = now_;
  next.updated_by = author.name;
  return next;
}

Record Editor::create(const std::string& code, const json& fields, const Author& author,
                      std::optional<Id> id) {
  const auto& kind = object(code);
  auto draft = plan(kind, nullptr, fields, author);
  Record record;
  record.id = id ? *id : tools_.ids.next();
  record.object = code;
  record.created_at = record.updated_at = now_;
  record.created_by = record.updated_by = author.name;
  for (const auto& field : kind.fields) {
    if (field.active && !field.mask.empty() && !draft.fields.contains(field.code))
      draft.fields[field.code] = free_number(field);
  }
  record.fields = std::move(draft.fields);
  RecordTable(session_).insert(record);
  write_keys(kind, nullptr, record);
  tell("record.created", record);
  return record;
}

Record Editor::change(const Record& before, const json& fields, const Author& author) {
  const auto& kind = object(before.object);
  auto draft = plan(kind, &before, fields, author);
  if (draft.fields == before.fields) return before;
  auto after = stamped(before, author);
  after.fields = std::move(draft.fields);
  RecordTable(session_).update(after);
  write_keys(kind, &before, after);
  note(after, "change", difference(before.fields, after.fields));
  tell("record.changed", after);
  return after;
}

json Editor::usable(const std::string& code, const json& fields) {
  const auto& kind = object(code);
  auto usable = json::object();
  for (const auto& [name, value] : fields.items()) {
    const auto* field = kind.find(name);
    if (field == nullptr) continue;
    if (field->type == FieldType::lookup &&
        !may_choose(*tools_.objects.require_lookup(session_, field->target), value))
      continue;
    usable[name] = value;
  }
  return usable;
}

void Editor::remove(const Record& record, const Author& author) {
  auto after = stamped(record, author);
  after.state = "removed";
  RecordTable table(session_);
  table.update(after);
  table.remove_keys(record.id);
  table.remove_names(record.id);
  note(after, "remove", json::object());
  tell("record.removed", after);
}

// Links to the other become links to the kept one, in every object that has such links.
void Editor::redirect(const Record& kept, const Record& other, const Author& author) {
  RecordTable table(session_);
  const json from = to_string_id(other.id);
  const json to = to_string_id(kept.id);
  const auto key = key_of(FieldType::link, from);
  for (const auto& code : DefinitionTable(session_).object_codes()) {
    const auto& kind = object(code);
    for (const auto& field : kind.fields) {
      if (field.type != FieldType::link || (field.target != other.object && field.target != "any")) continue;
      for (;;) {
        const auto found = table.some(field.id, Range(key, key + '\0'), kPortion);
        for (const auto id : found) {
          const auto before = table.hold(id);
          auto after = stamped(*before, author);
          auto values = json::array();
          for (const auto& value : values_of(field, before->fields.at(field.code))) {
            const auto& now = value == from ? to : value;
            if (std::find(values.begin(), values.end(), now) == values.end()) values.push_back(now);
          }
          after.fields[field.code] = field.many ? values : values[0];
          table.update(after);
          write_keys(kind, &*before, after);
          note(after, "merge", difference(before->fields, after.fields));
          tell("record.changed", after);
        }
        if (found.size() < kPortion) break;
      }
    }
  }
}

Record Editor::merge(const Record& kept, const Record& other, const Author& author) {
  const auto& kind = object(kept.object);
  if (kept.object != other.object || kept.id == other.id)
    throw Error(Code::conflict, Text("domain.records.cannot_merge"));
  RecordTable table(session_);
  auto gone = stamped(other, author);
  gone.state = "merged";
  gone.merged_into = kept.id;
  table.update(gone);
  table.remove_keys(other.id);
  table.move_names(other.id, kept.id);
  note(gone, "merge", json::object());
  tell("record.removed", gone);
  redirect(kept, other, author);
  // It may have been linked to the other itself.
  const auto before = *table.hold(kept.id);
  auto after = stamped(before, author);
  for (const auto& field : kind.fields) {
    set(after.fields, field.code,
        joined(field, before.fields.value(field.code, json()), other.fields.value(field.code, json())));
  }
  table.update(after);
  write_keys(kind, &before, after);
  auto changes = difference(before.fields, after.fields);
  changes["merged"] = {{"old", nullptr}, {"new", to_string_id(other.id)}};
  note(after, "merge", std::move(changes));
  tell("record.changed", after);
  return after;
}

std::optional<Record> Editor::hold(const std::string& code, Id id) {
  RecordTable table(session_);
  auto found = table.hold(id);
  while (found && found->merged_into) found = table.hold(*found->merged_into);
  if (!found || found->object != code || found->state != "live") return std::nullopt;
  return found;
}

}  // namespace patchbay::domain::records
