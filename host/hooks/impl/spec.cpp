#include "hooks/impl/spec.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "hooks/request.hpp"
#include "hooks/secrets.hpp"

namespace patchbay::hooks {

using nlohmann::json;

json parse_spec(const std::string& text, std::string_view part,
                std::initializer_list<std::string_view> fields) {
  auto spec = json::parse(text, nullptr, false);
  if (!spec.is_object()) throw Error(Code::invalid, Text("hooks.spec_object", {{"part", std::string(part)}}));
  for (const auto& [name, value] : spec.items()) {
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) {
      throw Error(Code::invalid, Text("hooks.spec_unknown", {{"part", std::string(part)}, {"field", name}}));
    }
  }
  return spec;
}

void refuse_field(const std::string& field) {
  throw Error(Code::invalid, Text("hooks.spec_field", {{"field", field}}));
}

std::string string_field(const json& spec, const std::string& field) {
  const auto found = spec.find(field);
  if (found == spec.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    refuse_field(field);
  return found->get<std::string>();
}

std::string string_field(const json& spec, const std::string& field, std::string otherwise) {
  return spec.contains(field) ? string_field(spec, field) : otherwise;
}

std::vector<std::string> strings_field(const json& spec, const std::string& field) {
  const auto found = spec.find(field);
  if (found == spec.end() || !found->is_array()) return {string_field(spec, field)};
  std::vector<std::string> all;
  for (const auto& item : *found) {
    if (!item.is_string() || item.get_ref<const std::string&>().empty()) refuse_field(field);
    all.push_back(item.get<std::string>());
  }
  if (all.empty()) refuse_field(field);
  return all;
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

const std::string* Request::header(std::string_view name) const {
  const std::string* found = nullptr;
  for (const auto& [key, value] : headers) {
    if (key != name) continue;
    if (found) return nullptr;
    found = &value;
  }
  return found;
}

std::vector<std::string> look_up(const SecretLookup& lookup, const std::string& reference) {
  std::string_view text = reference;
  if (take_prefix(text, "text:")) return {std::string(text)};
  auto values = lookup ? lookup(reference) : std::vector<std::string>();
  std::erase(values, "");
  if (values.empty()) throw Error(Code::unavailable, Text("hooks.secret_missing", {{"secret", reference}}));
  return values;
}

}  // namespace patchbay::hooks
