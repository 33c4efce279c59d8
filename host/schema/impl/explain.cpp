#include "schema/impl/explain.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "schema/nearest.hpp"

namespace patchbay::schema {
namespace {

using nlohmann::json;

std::string inner(const std::string& step) {
  return step.size() >= 2 && step.front() == '[' && step.back() == ']' ? step.substr(1, step.size() - 2)
                                                                       : step;
}

std::string pointer_of(const std::vector<std::string>& path) {
  json::json_pointer pointer;
  for (std::size_t i = 1; i < path.size(); ++i) pointer.push_back(inner(path[i]));
  return pointer.to_string();
}

// The last quoted word of valijson's sentence: a property's name.
std::string quoted_word(const std::string& words) {
  const auto close = words.rfind('\'');
  const auto open = close == words.npos || close == 0
                        ? words.npos
                        : words.find('\'', words.find(": '") == words.npos ? 0 : words.find(": '"));
  return open == words.npos || open >= close ? std::string() : words.substr(open + 1, close - open - 1);
}

const json* resolve(const json& root, const json* part) {
  for (int hops = 0; part != nullptr && part->is_object() && part->contains("$ref") && hops < 16; ++hops) {
    const auto reference = part->at("$ref").get<std::string>();
    const json::json_pointer pointer(reference.substr(1));
    part = root.contains(pointer) ? &root.at(pointer) : nullptr;
  }
  return part;
}

std::vector<std::string> keys_of(const json* part) {
  std::vector<std::string> keys;
  if (part != nullptr && part->contains("properties")) {
    for (const auto& item : part->at("properties").items()) keys.push_back(item.key());
  }
  return keys;
}

std::string list(const json& values) {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += ", ";
    out += value.is_string() ? value.get<std::string>() : value.dump();
  }
  return out;
}

Diagnostic unknown_key(const Finding& finding, const json* part) {
  const auto key = quoted_word(finding.words);
  json::json_pointer pointer(pointer_of(finding.path));
  pointer.push_back(key);
  const auto keys = keys_of(part);
  const auto near = nearest(key, keys);
  auto remedy = near.empty() ? Text("schema.known_keys", {{"keys", list(keys)}})
                             : Text("schema.did_you_mean", {{"key", near}});
  return Diagnostic(pointer.to_string(), Text("schema.unknown_key", {{"key", key}}), std::move(remedy));
}

std::string kind_of(const json& part) {
  if (!part.contains("type")) return {};
  const auto& type = part.at("type");
  return type.is_string() ? type.get<std::string>() : list(type);
}

Diagnostic described(const Finding& finding, const json* part, Text summary) {
  Text remedy;
  if (part != nullptr && part->contains("description") && part->at("description").is_string()) {
    remedy = Text::verbatim(part->at("description").get<std::string>());
  }
  return Diagnostic(pointer_of(finding.path), std::move(summary), std::move(remedy));
}

Diagnostic sentence(const json& schema, const Finding& finding) {
  const auto* part = part_for(schema, finding.path);
  const auto says = [&](std::string_view words) { return finding.words.find(words) != std::string::npos; };
  const auto has = [&](const char* key) { return part != nullptr && part->contains(key); };
  if (says("Missing required property")) {
    json::json_pointer pointer(pointer_of(finding.path));
    const auto key = quoted_word(finding.words);
    pointer.push_back(key);
    return Diagnostic(pointer.to_string(), Text("schema.missing", {{"key", key}}));
  }
  if (says("Object contains a property")) return unknown_key(finding, part);
  if (says("'type' constraint") && part != nullptr) {
    return described(finding, part, Text("schema.wrong_type", {{"expected", kind_of(*part)}}));
  }
  if (says("enum values") && has("enum")) {
    return described(finding, part, Text("schema.not_one_of", {{"values", list(part->at("enum"))}}));
  }
  if (says("'pattern' constraint")) return described(finding, part, Text("schema.wrong_form"));
  if (says("no fewer than") && has("minLength")) {
    return described(finding, part, Text("schema.too_short", {{"least", part->at("minLength").dump()}}));
  }
  if (says("no more than") && has("maxLength")) {
    return described(finding, part, Text("schema.too_long", {{"most", part->at("maxLength").dump()}}));
  }
  if (says("less than") && has("maximum")) {
    return described(finding, part, Text("schema.too_large", {{"most", part->at("maximum").dump()}}));
  }
  if (says("greater than") && has("minimum")) {
    return described(finding, part, Text("schema.too_small", {{"least", part->at("minimum").dump()}}));
  }
  return described(finding, part, Text("schema.does_not_fit", {{"why", finding.words}}));
}

bool is_prefix(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return a.size() < b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// valijson reports the parents of a wrong value too; only their own faults count.
bool repeats_deeper(const Finding& finding, const std::vector<Finding>& all) {
  if (finding.words.find("Failed to validate") == std::string::npos) return false;
  return std::any_of(all.begin(), all.end(), [&](const Finding& other) {
    return is_prefix(finding.path, other.path) ||
           (finding.path == other.path && other.words.find("Failed to validate") == std::string::npos);
  });
}

// valijson names one unknown key only; the others are found beside it.
void add_other_unknown_keys(const json& schema, const json& value, const Finding& finding,
                            std::vector<Diagnostic>& out) {
  const auto* part = part_for(schema, finding.path);
  const json::json_pointer pointer(pointer_of(finding.path));
  if (part == nullptr || part->contains("patternProperties") || !value.contains(pointer)) return;
  const auto known = keys_of(part);
  const auto& object = value.at(pointer);
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    const Finding other{finding.path, "Object contains a property: '" + item.key() + "'."};
    out.push_back(unknown_key(other, part));
  }
}

}  // namespace

const json* part_for(const json& schema, const std::vector<std::string>& path) {
  const auto* part = resolve(schema, &schema);
  for (std::size_t i = 1; i < path.size() && part != nullptr && part->is_object(); ++i) {
    const auto step = inner(path[i]);
    const json* next = nullptr;
    if (part->contains("properties") && part->at("properties").contains(step)) {
      next = &part->at("properties").at(step);
    } else if (part->contains("items") && part->at("items").is_object()) {
      next = &part->at("items");
    } else if (part->contains("additionalProperties") && part->at("additionalProperties").is_object()) {
      next = &part->at("additionalProperties");
    }
    part = resolve(schema, next);
  }
  return part != nullptr && part->is_object() ? part : nullptr;
}

std::vector<Diagnostic> explain(const json& schema, const json& value, const std::vector<Finding>& findings) {
  std::vector<Diagnostic> out;
  for (const auto& finding : findings) {
    if (repeats_deeper(finding, findings)) continue;
    if (finding.words.find("Object contains a property") != std::string::npos &&
        part_for(schema, finding.path) != nullptr &&
        !part_for(schema, finding.path)->contains("patternProperties")) {
      add_other_unknown_keys(schema, value, finding, out);
      continue;
    }
    out.push_back(sentence(schema, finding));
  }
  return out;
}

}  // namespace patchbay::schema
