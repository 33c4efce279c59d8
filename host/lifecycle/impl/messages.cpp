#include "lifecycle/impl/messages.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugin/read_manifest.hpp"
#include "plugin/texts.hpp"

namespace patchbay::lifecycle {
namespace {

using nlohmann::json;

json parse_object(const std::string& message) {
  auto value = json::parse(message, nullptr, false);
  return value.is_object() ? value : json::object();
}

std::string string_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Diagnostic read_one(const plugin::Manifest& manifest, const json& item) {
  const auto warning = string_at(item, "severity") == "warning";
  const auto summary = plugin::text_of(manifest, item.dump(), string_at(item, "summary"));
  auto remedy_item = item;
  remedy_item["text_id"] = string_at(item, "text_id") + ".remedy";
  const auto remedy = plugin::text_of(manifest, remedy_item.dump(), string_at(item, "remedy"));
  return Diagnostic(string_at(item, "path"), summary, remedy,
                    warning ? Diagnostic::Severity::warning : Diagnostic::Severity::error);
}

}  // namespace

std::string configure_request(const plugin::Integration& integration, const std::vector<std::string>& secrets,
                              const Shared& shared, const std::map<std::string, std::string>& routes,
                              const Lifecycle::Parts& parts) {
  json profile;
  if (shared.profile) {
    profile = {{"id", to_string_id(shared.profile->id)},
               {"name", shared.profile->name},
               {"settings", json::parse(shared.profile->settings)}};
  }
  json request = {{"integration", {{"id", to_string_id(integration.id)}, {"name", integration.name}}},
                  {"settings", json::parse(integration.settings)},
                  {"secrets", secrets},
                  {"site_url", parts.site_url.get()},
                  {"system_settings", json::parse(shared.system_settings)},
                  {"routes", routes},
                  {"grants", json::parse(shared.grants)},
                  {"locale", "en"},
                  {"host", {{"version", parts.host_version}, {"extensions", plugin::host_extensions()}}}};
  request["profile"] = std::move(profile);
  return request.dump();
}

std::vector<Diagnostic> read_diagnostics(const plugin::Manifest& manifest, const std::string& message) {
  std::vector<Diagnostic> out;
  const auto object = parse_object(message);
  const auto list = object.find("diagnostics");
  if (list == object.end() || !list->is_array()) return out;
  for (const auto& item : *list) {
    if (item.is_object()) out.push_back(read_one(manifest, item));
  }
  return out;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::error; });
}

CheckReport read_check(const plugin::Manifest& manifest, const port::Result& result) {
  CheckReport report;
  report.diagnostics = read_diagnostics(manifest, result.message.json);
  if (result.ok()) {
    const auto object = parse_object(result.message.json);
    report.identity = string_at(object, "identity");
    report.title = string_at(object, "title");
    const auto facts = object.find("facts");
    if (facts != object.end() && facts->is_object()) report.facts = facts->dump();
  } else if (report.diagnostics.empty()) {
    report.diagnostics.emplace_back("", plugin::text_of(manifest, result.message.json, result.text));
  }
  report.ok = result.ok() && !has_errors(report.diagnostics);
  return report;
}

Error plugin_missing(const plugin::Integration& integration) {
  return Error(Code::unavailable, Text("lifecycle.plugin_missing", {{"plugin", integration.plugin}}));
}

Error error_of(const plugin::Manifest& manifest, const port::Result& result) {
  Error error(result.code, plugin::text_of(manifest, result.message.json, result.text));
  error.retry_after(result.retry_after);
  for (auto& diagnostic : read_diagnostics(manifest, result.message.json)) error.add(std::move(diagnostic));
  return error;
}

Error as_refusal(const Error& error) {
  if (error.code() == Code::cancelled || error.text().id() == "store.unavailable") return error;
  Error refusal(Code::invalid, error.text());
  refusal.retry_after(error.retry_after());
  for (const auto& diagnostic : error.diagnostics()) refusal.add(diagnostic);
  if (error.diagnostics().empty()) refusal.add(Diagnostic("", error.text()));
  return refusal;
}

}  // namespace patchbay::lifecycle
