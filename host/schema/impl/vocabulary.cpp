#include "schema/vocabulary.hpp"

#include <algorithm>
#include <limits>

#include "schema/schema.hpp"

namespace patchbay::schema {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_schemas();

namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

const Schema& vocabulary() {
  static const auto* schema =
      new Schema(Schema::compile(json::parse(embedded_schemas().front().second), "schemas/setup.json"));
  return *schema;
}

const json& properties_of(const json& part) {
  static const auto* none = new json(json::object());
  const auto found = part.is_object() ? part.find("properties") : part.end();
  return part.is_object() && found != part.end() && found->is_object() ? *found : *none;
}

// "/a/b" is "/properties/a/properties/b" of the schema.
Pointer in_schema(const Pointer& field) {
  Pointer out;
  for (auto rest = field; !rest.empty(); rest.pop_back()) out = Pointer("/properties") / rest.back() / out;
  return out;
}

struct Checker {
  const json& form;
  std::vector<Diagnostic> findings;

  void words_of(const json& part, const Pointer& at) {
    auto words = json::object();
    for (const auto& item : part.items()) {
      if (item.key().starts_with("x-")) words[item.key()] = item.value();
    }
    for (const auto& finding : vocabulary().check(words))
      findings.emplace_back(at.to_string() + finding.path, finding.summary, finding.remedy);
    if (!at.empty() && words.contains("x-groups"))
      findings.emplace_back((at / "x-groups").to_string(), Text("schema.groups_at_top"));
  }

  void group_of(const json& field, const Pointer& at) {
    const auto group = field.find("x-group");
    if (group == field.end() || !group->is_string()) return;
    const auto groups = form.value("x-groups", json::array());
    const bool known = std::any_of(groups.begin(), groups.end(), [&](const json& each) {
      return each.is_object() && each.value("id", json()) == *group;
    });
    if (!known)
      findings.emplace_back((at / "x-group").to_string(),
                            Text("schema.no_such_group", {{"group", group->get<std::string>()}}));
  }

  // Kept as text under its name, in which dots stand for slashes.
  void secret_of(const json& field, const std::string& name, const Pointer& at) {
    if (!field.contains("x-secret")) return;
    if (field.value("type", json()) != "string" || name.find('.') != name.npos)
      findings.emplace_back(at.to_string(), Text("schema.secret_is_text"));
  }

  void condition_of(const json& field, const Pointer& at) {
    const auto when = field.find("x-when");
    if (when == field.end() || !when->is_object() || !when->contains("setting")) return;
    const auto& setting = when->at("setting");
    if (!findings.empty() || !setting.is_string()) return;  // it may be no pointer
    try {
      if (form.contains(in_schema(Pointer(setting.get<std::string>())))) return;
    } catch (const json::exception&) {  // no pointer, where the vocabulary's own schema does not look
    }
    findings.emplace_back((at / "x-when" / "setting").to_string(),
                          Text("schema.no_such_setting", {{"setting", setting.get<std::string>()}}));
  }

  void run(const json& part, const Pointer& at) {
    words_of(part, at);
    for (const auto& item : properties_of(part).items()) {
      const auto inner = at / "properties" / item.key();
      if (!item.value().is_object()) continue;
      group_of(item.value(), inner);
      secret_of(item.value(), item.key(), inner);
      condition_of(item.value(), inner);
      run(item.value(), inner);
    }
  }
};

bool is_asked(const json& field, const json& value) {
  const auto when = field.find("x-when");
  if (when == field.end()) return true;
  const Pointer at(when->at("setting").get<std::string>());
  if (!value.contains(at)) return false;
  const auto& equals = when->at("equals");
  const auto& present = value.at(at);
  return equals.is_array() ? std::find(equals.begin(), equals.end(), present) != equals.end()
                           : equals == present;
}

bool is_required(const json& part, const std::string& name) {
  const auto required = part.find("required");
  return required != part.end() && required->is_array() &&
         std::find(required->begin(), required->end(), name) != required->end();
}

double order_of(const json& field) {
  const auto order = field.find("x-order");
  return order != field.end() && order->is_number() ? order->get<double>()
                                                    : std::numeric_limits<double>::infinity();
}

void collect(const json& part, const Pointer& at, const json& value, bool required, std::vector<Field>& out) {
  std::vector<std::pair<std::string, const json*>> ordered;
  for (const auto& item : properties_of(part).items()) {
    if (item.value().is_object() && is_asked(item.value(), value))
      ordered.emplace_back(item.key(), &item.value());
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return order_of(*a.second) < order_of(*b.second); });
  for (const auto& [name, field] : ordered) {
    const bool needed = required && is_required(part, name);
    if (!properties_of(*field).empty())
      collect(*field, at / name, value, needed, out);
    else
      out.push_back({(at / name).to_string(), *field, needed});
  }
}

// `value` is that of the whole form: conditions point from its top.
void relax(json& part, const json& value) {
  if (!part.is_object() || !part.contains("properties")) return;
  auto& properties = part.at("properties");
  if (part.contains("required") && part.at("required").is_array()) {
    auto needed = json::array();
    for (const auto& name : part.at("required")) {
      const auto field = name.is_string() ? properties.find(name.get<std::string>()) : properties.end();
      if (field == properties.end() || !field->is_object() || is_asked(*field, value)) needed.push_back(name);
    }
    part["required"] = std::move(needed);
  }
  for (auto& item : properties.items()) relax(item.value(), value);
}

void ask_nothing(json& part) {
  if (!part.is_object()) return;
  for (const auto* word :
       {"required", "if", "then", "else", "anyOf", "oneOf", "not", "dependencies", "minProperties"})
    part.erase(word);
  for (const auto* word : {"properties", "definitions"}) {
    if (!part.contains(word) || !part.at(word).is_object()) continue;
    for (auto& item : part.at(word).items()) ask_nothing(item.value());
  }
  if (part.contains("allOf") && part.at("allOf").is_array()) {
    for (auto& each : part.at("allOf")) ask_nothing(each);
  }
}

using Words = std::map<std::string, std::string>;

void put(json& object, const char* key, const Words& words, const std::string& id) {
  if (const auto found = words.find(id); found != words.end()) object[key] = found->second;
}

void translate(json& part, const std::string& prefix, const Words& words) {
  if (!part.is_object() || !part.contains("properties") || !part.at("properties").is_object()) return;
  for (auto& item : part.at("properties").items()) {
    auto& field = item.value();
    if (!field.is_object()) continue;
    const auto id = prefix + "." + item.key();
    put(field, "title", words, id + ".title");
    put(field, "description", words, id + ".description");
    put(field, "x-placeholder", words, id + ".placeholder");
    for (const auto& value : field.value("enum", json::array())) {
      if (!value.is_string()) continue;
      const auto found = words.find(id + ".value." + value.get<std::string>());
      if (found != words.end()) field["x-titles"][value.get<std::string>()] = found->second;
    }
    translate(field, id, words);
  }
}

}  // namespace

void check_vocabulary(const json& form, std::string_view name) {
  Checker checker{form, {}};
  checker.run(form, Pointer());
  throw_if_any(std::move(checker.findings), Text("schema.bad_vocabulary", {{"name", std::string(name)}}));
}

std::vector<Field> fields(const json& form, const json& value) {
  std::vector<Field> out;
  collect(form, Pointer(), value, true, out);
  return out;
}

json effective(const json& form, const json& value, Completeness completeness) {
  auto out = form;
  if (completeness == Completeness::draft)
    ask_nothing(out);
  else
    relax(out, value);
  return out;
}

json translated(json form, const std::string& prefix, const std::map<std::string, std::string>& words) {
  translate(form, prefix, words);
  if (form.contains("x-groups") && form.at("x-groups").is_array()) {
    for (auto& group : form.at("x-groups")) {
      const auto id = prefix + ".group." + group.value("id", std::string());
      put(group, "title", words, id + ".title");
      put(group, "description", words, id + ".description");
    }
  }
  return form;
}

}  // namespace patchbay::schema
