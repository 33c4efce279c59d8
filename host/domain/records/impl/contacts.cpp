#include "domain/records/contacts.hpp"

#include "base/error.hpp"
#include "domain/records/impl/plan.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/records/impl/values.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr const char* kContact = "contact";
constexpr std::size_t kSome = 20;
constexpr int kTries = 10;

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

// Held; the one that goes on with it after a merge.
std::optional<Id> live(store::Session& session, Id contact) {
  RecordTable table(session);
  auto found = table.share(contact);
  while (found && found->merged_into) found = table.share(*found->merged_into);
  if (!found || found->object != kContact || found->state != "live") return std::nullopt;
  return found->id;
}

std::optional<Id> named(store::Session& session, const Identity& who) {
  const auto found = RecordTable(session).named(kContact, name_of(who));
  return found ? live(session, *found) : std::nullopt;
}

}  // namespace

std::optional<Id> Contacts::by_field(store::Session& session, const char* code,
                                     const std::vector<std::string>& values) {
  if (values.empty()) return std::nullopt;
  const auto kind = tools_.objects.require(session, kContact, false);
  const auto* field = kind->find(code);
  if (field == nullptr) return std::nullopt;
  RecordTable table(session);
  for (const auto& entry : fit_values(*field, values, tools_.home())) {
    const auto key = key_of(field->type, entry.at("value"));
    for (const auto found : table.some(field->id, Range(key, key + '\0'), kSome)) {
      if (const auto contact = live(session, found)) return contact;
    }
  }
  return std::nullopt;
}

std::optional<Id> Contacts::by_address(store::Session& session, const Identity& who) {
  if (const auto found = by_field(session, "phones", who.phones)) return found;
  return by_field(session, "emails", who.emails);
}

std::optional<Id> Contacts::find(store::Session& session, const Identity& who) {
  if (const auto found = named(session, who)) return found;
  return by_address(session, who);
}

std::optional<Id> Contacts::recognize(store::Session& session, const Identity& who) {
  if (const auto found = named(session, who)) return found;
  const auto found = by_address(session, who);
  if (!found || RecordTable(session).add_name(kContact, name_of(who), *found)) return found;
  return named(session, who);
}

Id Contacts::find_or_create(store::Session& session, const Identity& who, const std::string& name,
                            const Author& author) {
  Editor editor(session, tools_);
  RecordTable table(session);
  const auto& kind = editor.object(kContact);
  if (const auto found = recognize(session, who)) return *found;
  const auto id = tools_.ids.next();
  // Whoever comes with the same name waits here for the first, and then finds it; unless that one is removed
  // meanwhile, and its names with it.
  for (int tries = 0; !table.add_name(kContact, name_of(who), id); ++tries) {
    if (const auto found = named(session, who)) return *found;
    if (tries == kTries) throw Error(Code::unavailable, Text("domain.records.busy"));
  }
  auto fields =
      editor.usable(kContact, {{"name", name.empty() ? who.external_id : name}, {"type", "client"}});
  const auto add = [&](const char* code, const std::vector<std::string>& values) {
    if (const auto* field = kind.find(code)) fields[code] = fit_values(*field, values, tools_.home());
  };
  add("phones", who.phones);
  add("emails", who.emails);
  try {
    return editor.create(kContact, fields, author, id).id;
  } catch (const Error& error) {
    if (is_refusal(error)) forget(session, who);
    throw;
  }
}

std::optional<Id> Contacts::assign(store::Session& session, const Identity& who, Id contact) {
  const auto found = live(session, contact);
  if (!found) return std::nullopt;
  forget(session, who);
  RecordTable(session).add_name(kContact, name_of(who), *found);
  return found;
}

void Contacts::forget(store::Session& session, const Identity& who) {
  RecordTable(session).remove_name(kContact, name_of(who));
}

Record Contacts::merge(store::Session& session, Id kept, Id other, const Author& author) {
  return records_.merge_in(session, kContact, kept, other, author);
}

}  // namespace patchbay::domain::records
