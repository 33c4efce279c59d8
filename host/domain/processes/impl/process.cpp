#include "domain/processes/process.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "net/egress.hpp"
#include "schema/nearest.hpp"
#include "schema/schema.hpp"

namespace patchbay::domain::processes {

using nlohmann::json;

namespace {

constexpr std::array<const char*, 5> kTypes = {"text", "number", "boolean", "datetime", "id"};
constexpr std::size_t kMaxCode = 100;
constexpr std::size_t kMaxWords = 200;
constexpr std::size_t kMaxText = 100'000;
constexpr std::size_t kMaxUrl = 2000;
using Findings = std::vector<Diagnostic>;

// "CreateCaseFromChat", "send_to_1c".
std::string read_code(const json& document, const std::string& at, Findings& findings) {
  auto code = document.value("code", "");
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool letter = !code.empty() && (code[0] < '0' || code[0] > '9') && code[0] != '_';
  if (!letter || code.size() > kMaxCode || !std::all_of(code.begin(), code.end(), fits))
    findings.emplace_back(at + "/code", Text("domain.processes.code", {{"max", std::to_string(kMaxCode)}}));
  return code;
}

// Who gives words in one language only means them in all.
records::Title read_title(const json& document, const std::string& at, Findings& findings) {
  records::Title title;
  const auto given = document.value("title", json());
  for (const auto& language : languages()) {
    json words = given.is_object() ? given.value(language, given.value("en", json())) : given;
    if (!words.is_string() || words == "" ||
        utf16_length(repair_utf8(words.get<std::string>())) > kMaxWords) {
      findings.emplace_back(at + "/title",
                            Text("domain.records.title", {{"max", std::to_string(kMaxWords)}}));
      return title;
    }
    title.emplace(language, repair_utf8(words.get<std::string>()));
  }
  return title;
}

Parameter read_parameter(const json& document, const std::string& at, Findings& findings) {
  Parameter parameter;
  parameter.code = read_code(document, at, findings);
  parameter.type = document.value("type", "text");
  parameter.title =
      read_title(document.contains("title") ? document : json({{"title", parameter.code}}), at, findings);
  parameter.required = document.value("required", false);
  if (std::find(kTypes.begin(), kTypes.end(), parameter.type) == kTypes.end()) {
    std::string known;
    for (const auto* one : kTypes) known.append(known.empty() ? "" : ", ").append(one);
    findings.emplace_back(at + "/type", Text("domain.records.type", {{"known", known}}));
  }
  return parameter;
}

std::int64_t read_number(const json& document, const char* name, std::int64_t least, std::int64_t most,
                         Findings& findings) {
  const auto number = document.at(name).get<std::int64_t>();
  if (number < least || number > most)
    findings.emplace_back(
        "/" + std::string(name),
        Text("domain.settings.number", {{"min", std::to_string(least)}, {"max", std::to_string(most)}}));
  return number;
}

bool fits(const std::string& type, const json& value) {
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  if (type == "datetime") return parse_rfc3339(text).has_value();
  if (type == "id") return parse_id(text).has_value();
  return text.size() <= kMaxText;
}

}  // namespace

json to_json(const Process& process) {
  auto parameters = json::array();
  for (const auto& one : process.parameters)
    parameters.push_back(
        {{"code", one.code}, {"type", one.type}, {"title", one.title}, {"required", one.required}});
  json out = {{"code", process.code},
              {"title", process.title},
              {"tags", process.tags},
              {"parameters", std::move(parameters)},
              {"active", process.active}};
  if (process.built_in) return out;
  if (process.plugin.empty()) out["url"] = process.url;
  out["timeout_ms"] = process.timeout_ms;
  out["attempts"] = process.attempts;
  return out;
}

namespace {

// What all but the built-in ones say.
Process read_common(const json& document, Findings& findings) {
  Process process;
  process.code = read_code(document, "", findings);
  process.title = read_title(document, "", findings);
  for (const auto& tag : document.value("tags", json::array()))
    process.tags.push_back(repair_utf8(tag.get<std::string>()));
  std::set<std::string> codes;
  const auto parameters = document.value("parameters", json::array());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto at = "/parameters/" + std::to_string(i);
    process.parameters.push_back(read_parameter(parameters[i], at, findings));
    if (!codes.insert(process.parameters.back().code).second)
      findings.emplace_back(at + "/code",
                            Text("domain.records.field_twice", {{"code", process.parameters.back().code}}));
  }
  if (document.contains("timeout_ms"))
    process.timeout_ms = read_number(document, "timeout_ms", 1'000, 120'000, findings);
  if (document.contains("attempts")) process.attempts = read_number(document, "attempts", 1, 20, findings);
  return process;
}

}  // namespace

Process read_process(const json& document) {
  Findings findings;
  auto process = read_common(document, findings);
  process.active = document.value("active", true);
  process.url = document.value("url", "");
  if (!net::parse_url(process.url) || process.url.size() > kMaxUrl)
    findings.emplace_back("/url", Text("domain.calls.url"));
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
  return process;
}

Process read_plugin_process(const json& document, const std::string& plugin) {
  Findings findings;
  auto process = read_common(document, findings);
  process.plugin = plugin;
  Parameter which;
  which.code = kIntegration;
  which.type = "id";
  for (const auto& language : languages())
    which.title.emplace(language, Text("domain.processes.integration").in(language));
  process.parameters.push_back(std::move(which));
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
  return process;
}

json checked_parameters(const Process& process, const json& given) {
  Findings findings;
  std::vector<std::string> known;
  for (const auto& parameter : process.parameters) {
    known.push_back(parameter.code);
    const auto at = "/parameters/" + parameter.code;
    const auto value = given.value(parameter.code, json());
    if (value.is_null()) {
      if (parameter.required) findings.emplace_back(at, Text("domain.records.required"));
    } else if (!fits(parameter.type, value)) {
      findings.emplace_back(at, Text("domain.processes.parameter", {{"type", parameter.type}}));
    }
  }
  for (const auto& [code, value] : given.items()) {
    if (std::find(known.begin(), known.end(), code) != known.end()) continue;
    const auto near = schema::nearest(code, known);
    findings.emplace_back("/parameters/" + code, Text(near.empty() ? "domain.processes.no_parameter"
                                                                   : "domain.processes.no_parameter_nearest",
                                                      {{"code", code.substr(0, 100)}, {"nearest", near}}));
  }
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
  return given;
}

}  // namespace patchbay::domain::processes
