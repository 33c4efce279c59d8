#include "domain/records/definition.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "domain/records/impl/findings.hpp"
#include "domain/records/impl/values.hpp"

namespace patchbay::domain::records {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 11> kTypes = {"text",  "long_text", "number", "boolean",
                                                     "date",  "datetime",  "lookup", "link",
                                                     "email", "phone",     "address"};
constexpr std::array<std::string_view, 5> kReserved = {"id", "version", "created_at", "updated_at", "merged"};
constexpr std::size_t kMaxCode = 60;
constexpr std::size_t kMaxTitle = 200;
constexpr std::size_t kMostFields = 200;
constexpr std::size_t kMostValues = 1000;
constexpr std::int64_t kMostDigits = 12;

bool is_code(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= kMaxCode && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::string text_of(const json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? repair_utf8(found->get<std::string>()) : "";
}

bool flag_of(const json& document, const char* name, bool otherwise = false) {
  const auto found = document.find(name);
  return found != document.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::string read_code(const json& document, const std::string& at, Findings& findings) {
  auto code = text_of(document, "code");
  if (!is_code(code)) findings.emplace_back(at + "/code", Text("domain.records.code"));
  return code;
}

// Who gives words in one language only means them in all.
Title read_title(const json& document, const std::string& at, Findings& findings) {
  Title title;
  const auto given = document.value("title", json());
  for (const auto& language : languages()) {
    std::string words = given.is_string() ? repair_utf8(given.get<std::string>()) : "";
    if (given.is_object()) words = text_of(given, given.contains(language) ? language.c_str() : "en");
    if (words.find_first_not_of(" \t\r\n") == std::string::npos || utf16_length(words) > kMaxTitle) {
      findings.emplace_back(at + "/title",
                            Text("domain.records.title", {{"max", std::to_string(kMaxTitle)}}));
      return title;
    }
    title.emplace(language, std::move(words));
  }
  return title;
}

FieldType read_type(const json& document, const std::string& at, Findings& findings) {
  const auto name = text_of(document, "type");
  const auto found = std::find(kTypes.begin(), kTypes.end(), name);
  if (found != kTypes.end()) return static_cast<FieldType>(found - kTypes.begin());
  std::string known;
  for (const auto one : kTypes) known.append(known.empty() ? "" : ", ").append(one);
  findings.emplace_back(at + "/type", Text("domain.records.type", {{"known", known}}));
  return FieldType::text;
}

// What cannot be together.
void check(const Field& field, const std::string& at, Findings& findings) {
  const bool points = field.type == FieldType::lookup || field.type == FieldType::link;
  if (points == field.target.empty())
    findings.emplace_back(at + "/target",
                          Text(points ? "domain.records.target" : "domain.records.no_target_wanted"));
  const bool indexable = field.type != FieldType::long_text && field.type != FieldType::address;
  if (field.searchable && !indexable)
    findings.emplace_back(at + "/searchable", Text("domain.records.not_indexable"));
  const bool telling = indexable && field.type != FieldType::boolean && !field.many;
  if (field.unique && !telling) findings.emplace_back(at + "/unique", Text("domain.records.not_unique"));
  if (field.many && (field.type == FieldType::boolean || field.type == FieldType::long_text))
    findings.emplace_back(at + "/many", Text("domain.records.not_many"));
  if (!field.mask.empty() && (field.type != FieldType::text || field.many || !is_mask(field.mask)))
    findings.emplace_back(at + "/mask", Text("domain.records.mask", {{"place", "{0}"}}));
  if (!field.mask.empty() && !field.standard.is_null())
    findings.emplace_back(at + "/default", Text("domain.records.mask_default"));
}

Field read_field(const json& document, const std::string& at, Findings& findings) {
  Field field;
  field.code = read_code(document, at, findings);
  if (std::find(kReserved.begin(), kReserved.end(), field.code) != kReserved.end())
    findings.emplace_back(at + "/code", Text("domain.records.reserved", {{"code", field.code}}));
  field.type = read_type(document, at, findings);
  field.title = read_title(document, at, findings);
  field.required = flag_of(document, "required");
  field.unique = flag_of(document, "unique");
  field.searchable = flag_of(document, "searchable");
  field.many = flag_of(document, "many");
  field.active = flag_of(document, "active", true);
  field.target = text_of(document, "target");
  field.mask = text_of(document, "mask");
  field.standard = document.value("default", json());
  if (!field.mask.empty()) field.unique = true;
  check(field, at, findings);
  if (!field.standard.is_null())
    field.standard = normal_value(field, field.standard, at + "/default", Intake(findings));
  return field;
}

std::vector<Id> read_holders(const json& document, const char* name, Findings& findings) {
  std::vector<Id> holders;
  const auto given = document.value(name, json::array());
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto id = given[i].is_string() ? parse_id(given[i].get<std::string>()) : std::nullopt;
    if (!id)
      findings.emplace_back("/" + std::string(name) + "/" + std::to_string(i), Text("domain.records.holder"));
    holders.push_back(id.value_or(0));
  }
  return holders;
}

json ids_of(const std::vector<Id>& ids) {
  auto all = json::array();
  for (const auto one : ids) all.push_back(to_string_id(one));
  return all;
}

// Where the number goes, and to how many digits it is filled up.
struct Place {
  std::size_t begin = std::string_view::npos;
  std::size_t end = 0;
  std::size_t digits = 1;
};

Place place_of(std::string_view mask) {
  Place place;
  const auto begin = mask.find("{0");
  const auto end = begin == mask.npos ? mask.npos : mask.find('}', begin);
  if (end == mask.npos) return place;
  const auto width = mask.substr(begin + 2, end - begin - 2);
  if (!width.empty()) {
    const auto* last = width.data() + width.size();
    const auto [stop, error] = std::from_chars(width.data() + 1, last, place.digits);
    if (width.front() != ':' || error != std::errc() || stop != last || place.digits < 1 ||
        place.digits > kMostDigits)
      return Place();
  }
  place.begin = begin;
  place.end = end + 1;
  return place;
}

}  // namespace

std::string_view type_name(FieldType type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

bool Field::is_indexed() const {
  return searchable || unique || type == FieldType::lookup || type == FieldType::link;
}

const Field* Object::find(std::string_view wanted) const {
  for (const auto& field : fields) {
    if (field.code == wanted && field.active) return &field;
  }
  return nullptr;
}

json Object::active_of(json values) const {
  for (const auto& field : fields) {
    if (!field.active) values.erase(field.code);
  }
  return values;
}

const LookupValue* Lookup::find(std::string_view wanted) const {
  for (const auto& value : values) {
    if (value.code == wanted) return &value;
  }
  return nullptr;
}

json to_json(const Field& field) {
  return {{"code", field.code},        {"type", type_name(field.type)},
          {"title", field.title},      {"required", field.required},
          {"unique", field.unique},    {"searchable", field.searchable},
          {"many", field.many},        {"active", field.active},
          {"default", field.standard}, {"target", field.target},
          {"mask", field.mask}};
}

json to_json(const Object& object) {
  auto fields = json::array();
  for (const auto& field : object.fields) fields.push_back(to_json(field));
  return {{"code", object.code},
          {"title", object.title},
          {"fields", std::move(fields)},
          {"readers", ids_of(object.readers)},
          {"writers", ids_of(object.writers)}};
}

json to_json(const Lookup& lookup) {
  auto values = json::array();
  for (const auto& value : lookup.values)
    values.push_back({{"code", value.code}, {"title", value.title}, {"active", value.active}});
  return {{"code", lookup.code}, {"title", lookup.title}, {"values", std::move(values)}};
}

Object read_object(const json& document) {
  Findings findings;
  Object object;
  object.code = read_code(document, "", findings);
  object.title = read_title(document, "", findings);
  object.readers = read_holders(document, "readers", findings);
  object.writers = read_holders(document, "writers", findings);
  std::set<std::string> codes;
  const auto fields = document.value("fields", json::array());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto at = "/fields/" + std::to_string(i);
    object.fields.push_back(read_field(fields[i], at, findings));
    if (!codes.insert(object.fields.back().code).second)
      findings.emplace_back(at + "/code",
                            Text("domain.records.field_twice", {{"code", object.fields.back().code}}));
  }
  if (fields.size() > kMostFields)
    findings.emplace_back("/fields", Text("domain.records.too_many", {{"max", std::to_string(kMostFields)}}));
  throw_if_any(std::move(findings));
  return object;
}

Lookup read_lookup(const json& document) {
  Findings findings;
  Lookup lookup;
  lookup.code = read_code(document, "", findings);
  lookup.title = read_title(document, "", findings);
  std::set<std::string> codes;
  const auto values = document.value("values", json::array());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = "/values/" + std::to_string(i);
    LookupValue value;
    value.code = read_code(values[i], at, findings);
    value.title = read_title(values[i], at, findings);
    value.active = flag_of(values[i], "active", true);
    if (!codes.insert(value.code).second)
      findings.emplace_back(at + "/code", Text("domain.records.value_twice", {{"code", value.code}}));
    lookup.values.push_back(std::move(value));
  }
  if (values.size() > kMostValues)
    findings.emplace_back("/values", Text("domain.records.too_many", {{"max", std::to_string(kMostValues)}}));
  throw_if_any(std::move(findings));
  return lookup;
}

bool is_mask(std::string_view mask) {
  return mask.size() <= kMaxCode && place_of(mask).begin != mask.npos;
}

std::string numbered(std::string_view mask, std::int64_t number) {
  const auto place = place_of(mask);
  auto digits = std::to_string(number);
  if (digits.size() < place.digits) digits.insert(0, place.digits - digits.size(), '0');
  return std::string(mask.substr(0, place.begin)) + digits + std::string(mask.substr(place.end));
}

}  // namespace patchbay::domain::records
