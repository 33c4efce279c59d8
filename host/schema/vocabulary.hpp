#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace patchbay::schema {

// What a set-up schema says to whoever makes a form or a prompt of it: the words of schemas/setup.json
// (SETUP-1). Pure functions on schemas that Schema::compile has taken.

// Throws Error{invalid} "schema.bad_vocabulary" with findings that point into the schema: a word that is
// unknown or has a wrong value, a group or a setting that does not exist.
void check_vocabulary(const nlohmann::json& form, std::string_view name);

// What is to be filled in now, in the order in which it is asked for.
struct Field {
  std::string pointer;    // into the settings: "/a/b"
  nlohmann::json schema;  // of the field
  bool required = false;
};
// Those whose x-when holds for `value`. Objects are gone into, lists are one field.
std::vector<Field> fields(const nlohmann::json& form, const nlohmann::json& value);

enum class Completeness { whole, draft };

// The schema that `value` has to meet: what is not asked for is not required; of a draft nothing is.
nlohmann::json effective(const nlohmann::json& form, const nlohmann::json& value, Completeness completeness);

// The form in another language. `words` by id: "<prefix>.<field>.title", with dots for the slashes of the
// field's pointer; also .description, .placeholder and .value.<value>; "<prefix>.group.<id>.title".
nlohmann::json translated(nlohmann::json form, const std::string& prefix,
                          const std::map<std::string, std::string>& words);

}  // namespace patchbay::schema
