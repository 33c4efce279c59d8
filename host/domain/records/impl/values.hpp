#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "domain/records/definition.hpp"
#include "domain/records/impl/findings.hpp"
#include "domain/records/phone.hpp"

namespace patchbay::domain::records {

// Where findings go, and how numbers of telephones without a country are read.
struct Intake {
  explicit Intake(Findings& f, Dialling h = {}) : findings(f), home(std::move(h)) {}
  Findings& findings;
  Dialling home;
};

// A value as it is stored: text repaired, times in UTC, numbers of telephones by E.164, null for what is
// empty. A list keeps each value once; its entries are {"value", "kind"} for text, e-mail and telephone. What
// cannot be is said at `at` and gives null. Whether a link or a lookup's value exists is not looked at.
nlohmann::json normal_value(const Field& field, const nlohmann::json& given, const std::string& at,
                            const Intake& intake);

// The values of a stored field, one or many, without kinds.
std::vector<nlohmann::json> values_of(const Field& field, const nlohmann::json& stored);

// The bytes by which a value is found and sorted: those of two values stand to each other as the values do,
// letters without regard to their case and accents; never empty. Texts are exact to 200 bytes and equal only
// when all of them is.
std::string key_of(FieldType type, const nlohmann::json& value);
// Of texts that begin so: their keys are from here to after(here).
std::string prefix_key(std::string_view text);
// The first key that does not begin so.
std::string after(std::string key);
// Above all keys.
inline constexpr std::string_view kAboveAll = "\x02";

// Keys of what a field holds; one empty key when it holds nothing.
std::vector<std::string> keys_of(const Field& field, const nlohmann::json& fields);
// The words of all searchable fields.
std::vector<std::string> word_keys(const Object& object, const nlohmann::json& fields);
std::vector<std::string> words_of(std::string_view text);

}  // namespace patchbay::domain::records
