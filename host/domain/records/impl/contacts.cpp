#include "domain/records/contacts.hpp"

#include "domain/records/impl/plan.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/records/impl/values.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr const char* kContact = "contact";
constexpr std::size_t kSome = 20;

ExternalName name_of(const Identity& who) {
  return ExternalName("channel:" + who.plugin, who.external_id);
}

json list_of(const std::vector<std::string>& values) {
  auto list = json::array();
  for (const auto& value : values) list.push_back(value);
  return list;
}

// What a provider tells may be no address at all, and stops nothing.
json fit_values(const Field& field, const std::vector<std::string>& values, const Dialling& home) {
  auto fit = json::array();
  for (const auto& value : values) {
    Findings findings;
    auto read = normal_value(field, list_of({value}), "", Intake(findings, home));
    if (findings.empty() && !read.is_null()) fit.push_back(std::move(read[0]));
  }
  return fit;
}

}  // namespace

Contacts::Contacts(Records& records, Tools& tools) : records_(records), tools_(tools) {
  records_.on_merged([](store::Session& session, const Record& kept, const Record& other) {
    if (kept.object != kContact) return;
    session.later("update chat_clients set contact = :kept where contact = :other", {kept.id, other.id});
  });
}

std::optional<Id> Contacts::by_field(store::Session& session, const char* code,
                                     const std::vector<std::string>& values) {
  const auto kind = tools_.objects.require(session, kContact, false);
  const auto* field = kind->find(code);
  if (field == nullptr) return std::nullopt;
  RecordTable table(session);
  for (const auto& entry : fit_values(*field, values, tools_.home)) {
    const auto key = key_of(field->type, entry.at("value"));
    const auto found = table.some(field->id, Range(key, key + '\0'), kSome);
    if (!found.empty()) return found.front();
  }
  return std::nullopt;
}

std::optional<Id> Contacts::find(store::Session& session, const Identity& who) {
  RecordTable table(session);
  if (const auto named = table.named(kContact, name_of(who))) return named;
  if (const auto found = by_field(session, "phones", who.phones)) return found;
  return by_field(session, "emails", who.emails);
}

Id Contacts::find_or_create(store::Session& session, const Identity& who, const std::string& name,
                            const Author& author) {
  Editor editor(session, tools_);
  RecordTable table(session);
  const auto& kind = editor.object(kContact);
  const auto found = find(session, who);
  const auto id = found ? *found : tools_.ids.next();
  // Whoever comes with the same name waits here for the first, and then finds it.
  if (!table.add_name(kContact, name_of(who), id)) return table.named(kContact, name_of(who)).value_or(id);
  if (found) return id;
  json fields = {{"name", name.empty() ? who.external_id : name}, {"type", "client"}};
  const auto add = [&](const char* code, const std::vector<std::string>& values) {
    if (const auto* field = kind.find(code)) fields[code] = fit_values(*field, values, tools_.home);
  };
  add("phones", who.phones);
  add("emails", who.emails);
  return editor.create(kContact, fields, author, id).id;
}

Record Contacts::merge(store::Session& session, Id kept, Id other, const Author& author) {
  return records_.merge_in(session, kContact, kept, other, author);
}

}  // namespace patchbay::domain::records
