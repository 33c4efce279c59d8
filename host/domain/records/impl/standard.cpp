#include <stdexcept>

#include "domain/records/definition.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

const std::vector<std::pair<std::string_view, std::string_view>>& standard_files();

namespace {

json standard_file(std::string_view wanted) {
  for (const auto& [name, content] : standard_files()) {
    if (name == wanted) return json::parse(content);
  }
  throw std::logic_error("not embedded: " + std::string(wanted));
}

std::vector<Object>* make_objects() {
  auto all = std::make_unique<std::vector<Object>>();
  for (const auto& one : standard_file("objects.json")) {
    auto object = read_object(one);
    object.built_in = true;
    for (auto& field : object.fields) field.built_in = true;
    all->push_back(std::move(object));
  }
  return all.release();
}

std::vector<Lookup>* make_lookups() {
  auto all = std::make_unique<std::vector<Lookup>>();
  for (const auto& one : standard_file("lookups.json")) {
    auto lookup = read_lookup(one);
    lookup.built_in = true;
    for (auto& value : lookup.values) value.built_in = true;
    all->push_back(std::move(lookup));
  }
  return all.release();
}

const Object* standard_object(const std::string& code) {
  for (const auto& one : standard_objects()) {
    if (one.code == code) return &one;
  }
  return nullptr;
}

// Type, target and the like are ours, so that what relies on them works.
Field chosen(const Field& ours, const Field& theirs) {
  auto field = ours;
  field.title = theirs.title;
  field.required = theirs.required;
  field.unique = theirs.unique;
  field.searchable = ours.searchable || theirs.searchable;
  field.active = theirs.active;
  field.standard = theirs.standard;
  if (!ours.mask.empty()) field.mask = theirs.mask;
  return field;
}

}  // namespace

const std::vector<Object>& standard_objects() {
  static const auto* all = make_objects();
  return *all;
}

const std::vector<Lookup>& standard_lookups() {
  static const auto* all = make_lookups();
  return *all;
}

Object with_standard(Object stored) {
  const auto* ours = standard_object(stored.code);
  if (ours == nullptr) return stored;
  std::vector<Field> fields;
  for (const auto& field : ours->fields) {
    const Field* theirs = nullptr;
    for (const auto& one : stored.fields) {
      if (one.code == field.code) theirs = &one;
    }
    fields.push_back(theirs == nullptr ? field : chosen(field, *theirs));
  }
  for (auto& one : stored.fields) {
    bool known = false;
    for (const auto& field : ours->fields) known = known || field.code == one.code;
    if (!known) fields.push_back(std::move(one));
  }
  stored.fields = std::move(fields);
  stored.built_in = true;
  return stored;
}

}  // namespace patchbay::domain::records
