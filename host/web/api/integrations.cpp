#include "web/api/integrations.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kIntegration =
    R"({"type": "object", "required": ["id", "plugin", "name", "state", "reason", "settings"],
  "properties": {
    "id": {"type": "string"}, "plugin": {"type": "string"}, "version": {"type": "string"}, "name": {"type": "string"},
    "state": {"type": "string", "enum": ["draft", "inactive", "active", "degraded", "sign_in_again", "quarantined"]},
    "reason": {"type": ["object", "null"], "properties": {"code": {"type": "string"}, "text": {"type": "string"}}},
    "identity": {"type": ["string", "null"], "description": "What the provider calls it"},
    "title": {"type": ["string", "null"]},
    "settings": {"type": "object", "description": "Without secrets"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
    "notice": {"type": ["object", "null"], "description": "What an administrator should know", "properties": {
      "code": {"type": "string", "enum": ["upgrade_refused"]}, "version": {"type": "string"}, "text": {"type": "string"}}},
    "warning": {"type": "string", "description": "After deactivating: why the provider could not be told"}}})";
constexpr const char* kReport =
    R"({"type": "object", "required": ["ok", "identity", "title", "diagnostics"], "properties": {
    "ok": {"type": "boolean"}, "identity": {"type": ["string", "null"]}, "title": {"type": ["string", "null"]},
    "diagnostics": {"type": "array", "items": {"type": "object", "properties": {
      "severity": {"type": "string", "enum": ["error", "warning"]}, "path": {"type": "string"},
      "summary": {"type": "string"}, "remedy": {"type": "string"}}}}}})";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["plugin"], "properties": {
    "plugin": {"type": "string", "minLength": 1}, "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object"}}})";
constexpr const char* kChange = R"({"type": "object", "additionalProperties": false, "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object", "description": "Laid over the present ones (RFC 7396); secrets may be left out"}}})";
constexpr const char* kActivate = R"({"type": "object", "additionalProperties": false, "properties": {
    "take_over": {"type": "boolean", "description": "Also when the provider delivers to another address now"}}})";

json or_null(const std::string& text) {
  return text.empty() ? json() : json(text);
}

std::string time_of(std::int64_t ms) {
  return to_rfc3339(TimePoint(std::chrono::milliseconds(ms)));
}

json reason(const std::string& code, const std::string& text) {
  return code.empty() && text.empty() ? json() : json{{"code", code}, {"text", text}};
}

json shown(const plugin::Integration& integration) {
  return {{"id", to_string_id(integration.id)},
          {"plugin", integration.plugin},
          {"version", integration.version},
          {"name", integration.name},
          {"state", plugin::state_name(integration.state)},
          {"reason", reason(integration.reason_code, integration.reason_text)},
          {"identity", or_null(integration.identity)},
          {"title", or_null(integration.title)},
          {"settings", json::parse(integration.settings)},
          {"notice", integration.notice.empty() ? json() : json::parse(integration.notice)},
          {"created_at", time_of(integration.created_at)},
          {"updated_at", time_of(integration.updated_at)}};
}

json shown(const std::vector<Diagnostic>& diagnostics, const std::string& language) {
  json out = json::array();
  for (const auto& d : diagnostics) {
    out.push_back({{"severity", d.severity == Diagnostic::Severity::error ? "error" : "warning"},
                   {"path", d.path},
                   {"summary", d.summary.in(language)},
                   {"remedy", d.remedy.in(language)}});
  }
  return out;
}

}  // namespace

void IntegrationsApi::add_to(Router& router) {
  const std::string path = "/api/v1/integrations";
  router.component("Integration", kIntegration);
  const std::string integration = R"({"$ref": "#/components/schemas/Integration"})";
  router.add(Operation::read_integrations, Verb::get, path, bound(this, &IntegrationsApi::list),
             Doc("List integrations").lists(integration));
  router.add(
      Operation::manage_integrations, Verb::post, path, bound(this, &IntegrationsApi::create),
      Doc("Add an integration").json(kNew).answers(201, "The integration, not connected yet", integration));
  router.add(Operation::read_integrations, Verb::get, path + "/{id}", bound(this, &IntegrationsApi::show),
             Doc("Show an integration").answers(200, "The integration", integration).errors({404}));
  router.add(Operation::manage_integrations, Verb::patch, path + "/{id}",
             bound(this, &IntegrationsApi::change),
             Doc("Change an integration")
                 .json(kChange)
                 .answers(200, "The integration", integration)
                 .errors({404, 409}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/check",
             bound(this, &IntegrationsApi::check),
             Doc("Check the connection")
                 .json(R"({"type": "object"})")
                 .optional()
                 .answers(200, "What was found", kReport)
                 .errors({404, 503}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/activate",
             bound(this, &IntegrationsApi::activate),
             Doc("Connect to the provider")
                 .json(kActivate)
                 .optional()
                 .answers(200, "Connected", integration)
                 .errors({404, 409, 503}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/deactivate",
             bound(this, &IntegrationsApi::deactivate),
             Doc("Disconnect from the provider")
                 .json(R"({"type": "object"})")
                 .optional()
                 .answers(200, "Disconnected", integration)
                 .errors({404}));
}

asio::awaitable<Response> IntegrationsApi::list(Call call) {
  const auto page = call.page();
  auto work = [this, page](store::Session& session) {
    return table_.list(session, page.after, static_cast<std::int64_t>(page.limit) + 1);
  };
  auto found = co_await store_.read(std::move(work));
  std::optional<Id> next;
  if (found.size() > page.limit) {
    found.pop_back();
    next = found.back().id;
  }
  json items = json::array();
  for (const auto& integration : found) items.push_back(shown(integration));
  co_return answer_list(std::move(items), next);
}

asio::awaitable<Response> IntegrationsApi::create(Call call) {
  lifecycle::NewIntegration wanted;
  wanted.plugin = call.json().at("plugin").get<std::string>();
  wanted.name = call.json().value("name", std::string());
  wanted.settings = call.json().value("settings", json::object()).dump();
  const auto made = co_await lifecycle_.create(std::move(wanted));
  auto response = answer(201, shown(made));
  response.headers.add("Location", "/api/v1/integrations/" + to_string_id(made.id));
  co_return response;
}

asio::awaitable<Response> IntegrationsApi::show(Call call) {
  auto work = [this, id = call.id()](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", call.param("id")}}));
  co_return answer(200, shown(*found));
}

asio::awaitable<Response> IntegrationsApi::change(Call call) {
  lifecycle::Change change;
  if (call.json().contains("name")) change.name = call.json().at("name").get<std::string>();
  if (call.json().contains("settings")) change.settings = call.json().at("settings").dump();
  const auto changed = co_await lifecycle_.change(call.id(), std::move(change), call.language());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> IntegrationsApi::check(Call call) {
  const auto report = co_await lifecycle_.check(call.id(), call.language());
  const json body = {{"ok", report.ok},
                     {"identity", or_null(report.identity)},
                     {"title", or_null(report.title)},
                     {"diagnostics", shown(report.diagnostics, call.language())}};
  co_return answer(200, body);
}

asio::awaitable<Response> IntegrationsApi::activate(Call call) {
  const bool take_over = call.json().value("take_over", false);
  const auto active = co_await lifecycle_.activate(call.id(), take_over, call.language());
  co_return answer(200, shown(active));
}

asio::awaitable<Response> IntegrationsApi::deactivate(Call call) {
  const auto done = co_await lifecycle_.deactivate(call.id());
  auto body = shown(done.integration);
  if (!done.warning.empty()) body["warning"] = done.warning;
  co_return answer(200, body);
}

}  // namespace patchbay::web
