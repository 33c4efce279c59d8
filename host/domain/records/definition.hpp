#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/id.hpp"

namespace patchbay::domain::records {

// Words in each language that the host speaks: {"en": "Contact", "ru": "..."}.
using Title = std::map<std::string, std::string>;

enum class FieldType {
  text,
  long_text,
  number,
  boolean,
  date,
  datetime,
  lookup,
  link,
  email,
  phone,
  address
};

std::string_view type_name(FieldType type);  // "long_text"

// What records of an object hold under one code.
struct Field {
  std::string code;  // a key of Record::fields; never another one
  FieldType type = FieldType::text;
  Title title;
  bool required = false;    // asked for when a person edits; never stops what comes from outside (REC-6)
  bool unique = false;      // among the records of the object; by its key (impl/values.hpp), so "a" is "A"
  bool searchable = false;  // may be filtered and ordered by, and its words are found
  bool many = false;        // a list
  bool active = true;       // false: neither shown nor taken; values stay
  bool built_in = false;
  nlohmann::json standard;  // what a new record gets that says nothing; null: nothing
  std::string target;       // of a lookup: its code; of a link: an object's, "user", "chat" or "any"
  std::string mask;         // numbers itself: "Inv-{0}", "{0:5}" with zeros to five digits; else empty

  Id id = 0;             // in the tables of keys and numbers
  bool filling = false;  // keys of records that were there before are being written

  // Keys are kept of it.
  bool is_indexed() const;
};

// A kind of records: one of ours, or one that an admin added (REC-1).
struct Object {
  std::string code;
  Title title;
  bool built_in = false;
  std::vector<Field> fields;
  // Ids of users and roles that may read or change its records; none: everybody who signs in.
  std::vector<Id> readers;
  std::vector<Id> writers;
  std::int64_t version = 0;

  const Field* find(std::string_view code) const;  // null; also for what is not active
  // Of values by code, those that are shown.
  nlohmann::json active_of(nlohmann::json values) const;
  // Not shown: words of all searchable fields, and the time of the last change.
  Field words;
  Field updated_at;
};

struct LookupValue {
  std::string code;
  Title title;
  bool active = true;  // false: not to be chosen any more
  bool built_in = false;
};

struct Lookup {
  std::string code;
  Title title;
  std::vector<LookupValue> values;  // in the order in which they are shown
  bool built_in = false;
  std::int64_t version = 0;

  const LookupValue* find(std::string_view code) const;
};

// As they come with this release, without ids and versions.
const std::vector<Object>& standard_objects();
const std::vector<Lookup>& standard_lookups();

// As they are stored and shown. Reading throws Error{invalid} "domain.refused" with a diagnostic for
// whatever cannot be, at its place within `document`.
nlohmann::json to_json(const Field& field);
nlohmann::json to_json(const Object& object);
nlohmann::json to_json(const Lookup& lookup);
Object read_object(const nlohmann::json& document);
Lookup read_lookup(const nlohmann::json& document);

// What is stored, over what comes with this release: fields that came later are there, what an admin may
// choose of ours is his choice.
Object with_standard(Object stored);

// "Inv-{0}" and 7: "Inv-7". A mask is valid when it has one such place.
bool is_mask(std::string_view mask);
std::string numbered(std::string_view mask, std::int64_t number);

}  // namespace patchbay::domain::records
