#include "web/api/integrations.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "web/api/secrets.hpp"
#include "web/api/shown.hpp"

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
    "profile": {"type": ["string", "null"]},
    "grants": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}, "description": "By name, as they are tried; not in lists"},
    "secrets": {"type": "array", "items": {"type": "string"}, "description": "Those that are set; not in lists"},
    "former_secrets": {"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}, "description": "Until when routes accept what a secret was before; not in lists"},
    "declared": {"type": ["string", "null"], "description": "The name under which a file of the configuration declares it: changed there only"},
    "accepts_unverified": {"type": "boolean", "description": "Routes that verify nothing are open to anybody: an administrator agreed"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"},
    "notice": {"type": ["object", "null"], "description": "What an administrator should know", "properties": {
      "code": {"type": "string", "enum": ["upgrade_refused"]}, "version": {"type": "string"}, "text": {"type": "string"}}},
    "warning": {"type": "string", "description": "After deactivating: why the provider could not be told"}}})";
constexpr const char* kReport =
    R"({"type": "object", "required": ["ok", "identity", "title", "facts", "diagnostics"], "properties": {
    "ok": {"type": "boolean"}, "identity": {"type": ["string", "null"]}, "title": {"type": ["string", "null"]},
    "facts": {"type": "object", "description": "What else the provider says about it, by the plugin's own names"},
    "diagnostics": {"type": "array", "items": {"type": "object", "properties": {
      "severity": {"type": "string", "enum": ["error", "warning"]}, "path": {"type": "string"},
      "summary": {"type": "string"}, "remedy": {"type": "string"}}}}}})";
constexpr const char* kTested =
    R"({"type": "object", "required": ["routes"], "properties": {"routes": {"type": "array", "items": {"type": "object",
    "required": ["id", "address", "outcome", "text"], "properties": {
      "id": {"type": "string"}, "address": {"type": "string"}, "text": {"type": "string"},
      "outcome": {"type": "string", "enum": ["verified", "differs", "elsewhere", "unreachable", "impossible"]}}}}}})";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["plugin"], "properties": {
    "plugin": {"type": "string", "minLength": 1}, "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object"},
    "profile": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    "grants": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}}},
    "draft": {"type": "boolean", "description": "What is missing is given later; removed after a day without a change"}}})";
constexpr const char* kChange = R"({"type": "object", "additionalProperties": false, "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object", "description": "Laid over the present ones (RFC 7396); secrets may be left out"},
    "profile": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    "grants": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}}, "description": "All of them, in place of the present ones"},
    "end_former_secrets": {"type": "boolean", "description": "True: what secrets were before, also until this change, is accepted by routes no more"}}})";
constexpr const char* kActivate = R"({"type": "object", "additionalProperties": false, "properties": {
    "take_over": {"type": "boolean", "description": "Also when the provider delivers to another address now"},
    "accept_unverified": {"type": "boolean", "description": "True: routes that verify nothing are open to anybody from now on; false: no more"
}
}
})";

constexpr const char* kChoices =
    R"({"type": "object", "additionalProperties": false, "required": ["path"], "properties": {
    "path": {"type": "string", "pattern": "^/", "description": "JSON Pointer to the field in the settings"}}})";
constexpr const char* kChosen =
    R"({"type": "object", "required": ["choices"], "properties": {"choices": {"type": "array", "items": {
    "type": "object", "required": ["value", "title"], "properties": {"value": {}, "title": {"type": "string"}}}}}})";
constexpr const char* kInput = R"({"type": "object", "additionalProperties": false, "properties": {
    "step": {"type": "string", "description": "The id of the step that was filled in: 409 when it is another one by now"},
    "input": {"type": "object", "description": "By the step's schema"}}})";
constexpr const char* kStep = R"({"type": "object", "required": ["step", "made", "known"], "properties": {
    "step": {"type": ["object", "null"], "required": ["id", "title"], "properties": {
      "id": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"},
      "schema": {"type": ["object", "null"], "description": "What is to be filled in"},
      "sign_in": {"type": ["string", "null"], "description": "The grant that somebody signs in for first: POST /api/v1/sign-ins"}}},
    "made": {"type": "array", "items": {"$ref": "#/components/schemas/Integration"}, "description": "When there is no next step; the draft is the first"},
    "known": {"type": "array", "items": {"type": "string"}, "description": "Names of those that are connected already"}}})";

// What an administrator should know, as the lifecycle noted it.
json notice_in(const std::string& language, const std::string& notice) {
  auto out = notice.empty() ? json() : json::parse(notice);
  if (out.is_object()) out["text"] = words_in(language, out.value("text", ""));
  return out;
}

json shown(const plugin::Integration& integration, const std::string& language) {
  return {{"id", to_string_id(integration.id)},
          {"plugin", integration.plugin},
          {"version", integration.version},
          {"name", integration.name},
          {"state", plugin::state_name(integration.state)},
          {"reason", reason_in(language, integration.reason_code, integration.reason_text)},
          {"identity", or_null(integration.identity)},
          {"title", or_null(integration.title)},
          {"settings", json::parse(integration.settings)},
          {"profile", or_null(integration.profile)},
          {"declared", or_null(integration.declared.value_or(""))},
          {"notice", notice_in(language, integration.notice)},
          {"accepts_unverified", integration.consent_at.has_value()},
          {"created_at", time_of(integration.created_at)},
          {"updated_at", time_of(integration.updated_at)}};
}

json shown(const lifecycle::Advanced& advanced, const std::string& language) {
  json step;
  if (advanced.next) {
    const auto& next = *advanced.next;
    step = {{"id", next.id},
            {"title", next.title},
            {"description", next.description},
            {"schema", next.schema.empty() ? json() : json::parse(next.schema)},
            {"sign_in", or_null(next.sign_in)}};
  }
  auto made = json::array();
  for (const auto& integration : advanced.made) made.push_back(shown(integration, language));
  return {{"step", std::move(step)}, {"made", std::move(made)}, {"known", advanced.known}};
}

// {"account": ["7", "8"]}.
std::vector<plugin::UsedGrant> grants_in(const json& grants) {
  std::vector<plugin::UsedGrant> out;
  for (const auto& [name, ids] : grants.items()) {
    for (const auto& id : ids) out.push_back({name, parse_id(id.get<std::string>()).value_or(0)});
  }
  return out;
}

std::optional<Id> profile_in(const json& body) {
  return body.contains("profile") ? parse_id(body.at("profile").get<std::string>()) : std::nullopt;
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
  router.add(
      Operation::manage_integrations, Verb::post, path + "/{id}/self-test",
      bound(this, &IntegrationsApi::self_test),
      Doc("Test the way of webhooks")
          .about("To each of its webhooks a request is sent as the provider would, by the public address; "
                 "it is verified and goes no further.")
          .json(R"({"type": "object"})")
          .optional()
          .answers(200, "What became of them", kTested)
          .errors({404}));
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
  router.add(Operation::manage_integrations, Verb::del, path + "/{id}", bound(this, &IntegrationsApi::remove),
             Doc("Remove a draft").answers(204, "Removed").errors({404, 409}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/finish",
             bound(this, &IntegrationsApi::finish),
             Doc("Complete a draft")
                 .json(R"({"type": "object"})")
                 .optional()
                 .answers(200, "The integration, not connected yet", integration)
                 .errors({404}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/choices",
             bound(this, &IntegrationsApi::choices),
             Doc("List the choices of a field")
                 .about("Of one with x-choices: the provider is asked with the settings that are stored.")
                 .json(kChoices)
                 .answers(200, "The choices", kChosen)
                 .errors({404, 503}));
  router.add(
      Operation::manage_integrations, Verb::get, path + "/{id}/step", bound(this, &IntegrationsApi::step),
      Doc("Show where the set-up of a draft stands").answers(200, "The step", kStep).errors({404, 409, 503}));
  router.add(Operation::manage_integrations, Verb::post, path + "/{id}/step",
             bound(this, &IntegrationsApi::advance),
             Doc("Go on with the set-up of a draft")
                 .json(kInput)
                 .answers(200, "The next step, or what was made", kStep)
                 .errors({404, 409, 503}));
}

asio::awaitable<Response> IntegrationsApi::list(Call call) {
  const auto page = call.page();
  auto work = [this, page](store::Session& session) {
    return table_.list(session, page.after, static_cast<std::int64_t>(page.limit) + 1);
  };
  auto found = co_await store_.read(std::move(work));
  co_return answer_page(std::move(found), page,
                        [language = call.language()](const plugin::Integration& integration) {
                          return shown(integration, language);
                        });
}

// With its grants.
asio::awaitable<Response> IntegrationsApi::answer_with(int status, plugin::Integration integration,
                                                       std::string language) {
  auto read = [this, id = integration.id](store::Session& session) {
    return std::pair(plugin::used_grants(session, id), shown_secrets(session, vault_, "integration", id));
  };
  const auto [used, secrets] = co_await store_.read(std::move(read));
  auto body = shown(integration, language);
  body.update(secrets);
  body["grants"] = json::object();
  for (const auto& each : used) body["grants"][each.name].push_back(to_string_id(each.grant));
  co_return answer(status, body);
}

asio::awaitable<Response> IntegrationsApi::create(Call call) {
  lifecycle::NewIntegration wanted;
  wanted.plugin = call.json().at("plugin").get<std::string>();
  wanted.name = call.json().value("name", std::string());
  wanted.settings = call.json().value("settings", json::object()).dump();
  wanted.profile = profile_in(call.json());
  wanted.grants = grants_in(call.json().value("grants", json::object()));
  wanted.draft = call.json().value("draft", false);
  wanted.who = call.who.actor();
  const auto made = co_await lifecycle_.create(std::move(wanted));
  auto response = co_await answer_with(201, made, call.language());
  response.headers.add("Location", "/api/v1/integrations/" + to_string_id(made.id));
  co_return response;
}

asio::awaitable<Response> IntegrationsApi::show(Call call) {
  auto work = [this, id = call.id()](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", call.param("id")}}));
  co_return co_await answer_with(200, *found, call.language());
}

asio::awaitable<Response> IntegrationsApi::change(Call call) {
  lifecycle::Change change;
  if (call.json().contains("name")) change.name = call.json().at("name").get<std::string>();
  if (call.json().contains("settings")) change.settings = call.json().at("settings").dump();
  change.profile = profile_in(call.json());
  if (call.json().contains("grants")) change.grants = grants_in(call.json().at("grants"));
  change.end_formers = call.json().value("end_former_secrets", false);
  const auto changed = co_await lifecycle_.change(call.id(), std::move(change), call.who.actor());
  co_return co_await answer_with(200, changed, call.language());
}

// What a file declares is changed there only: the next look at the file would undo it (OPS-5).
asio::awaitable<void> IntegrationsApi::require_own(Id id) {
  auto work = [this, id](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (found && found->declared)
    throw Error(Code::conflict, Text("web.declared", {{"name", *found->declared}}));
}

asio::awaitable<Response> IntegrationsApi::remove(Call call) {
  co_await lifecycle_.remove(call.id(), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> IntegrationsApi::finish(Call call) {
  const auto finished = co_await lifecycle_.finish(call.id());
  co_return co_await answer_with(200, finished, call.language());
}

asio::awaitable<Response> IntegrationsApi::choices(Call call) {
  auto pointer = call.json().at("path").get<std::string>();
  const auto found = co_await lifecycle_.choices(call.id(), std::move(pointer));
  auto choices = json::array();
  for (const auto& choice : found)
    choices.push_back({{"value", json::parse(choice.value)}, {"title", choice.title}});
  co_return answer(200, json{{"choices", std::move(choices)}});
}

asio::awaitable<Response> IntegrationsApi::step(Call call) {
  const auto where = co_await lifecycle_.step(call.id(), call.language(), call.who.actor());
  co_return answer(200, shown(where, call.language()));
}

asio::awaitable<Response> IntegrationsApi::advance(Call call) {
  auto input = call.json().value("input", json::object()).dump();
  auto step = call.json().value("step", std::string());
  const auto where = co_await lifecycle_.advance(call.id(), std::move(step), std::move(input),
                                                 call.language(), call.who.actor());
  co_return answer(200, shown(where, call.language()));
}

asio::awaitable<Response> IntegrationsApi::check(Call call) {
  const auto report = co_await lifecycle_.check(call.id());
  const json body = {{"ok", report.ok},
                     {"identity", or_null(report.identity)},
                     {"title", or_null(report.title)},
                     {"facts", json::parse(report.facts)},
                     {"diagnostics", shown(report.diagnostics, call.language())}};
  co_return answer(200, body);
}

asio::awaitable<Response> IntegrationsApi::self_test(Call call) {
  auto work = [this, id = call.id()](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", call.param("id")}}));
  auto findings = co_await self_test_.run(found->id);
  if (found->profile) {
    auto shared = co_await self_test_.run(*found->profile);
    std::move(shared.begin(), shared.end(), std::back_inserter(findings));
  }
  json routes = json::array();
  for (const auto& finding : findings) {
    routes.push_back({{"id", finding.id},
                      {"address", finding.address},
                      {"outcome", hooks::outcome_name(finding.outcome)},
                      {"text", finding.text.in(call.language())}});
  }
  const json body = {{"routes", std::move(routes)}};
  co_return answer(200, body);
}

asio::awaitable<Response> IntegrationsApi::activate(Call call) {
  const bool take_over = call.json().value("take_over", false);
  co_await require_own(call.id());
  if (call.json().contains("accept_unverified"))
    co_await lifecycle_.consent(call.id(), call.json().at("accept_unverified").get<bool>(), call.who.actor());
  const auto active = co_await lifecycle_.activate(call.id(), take_over, call.who.actor());
  co_return answer(200, shown(active, call.language()));
}

asio::awaitable<Response> IntegrationsApi::deactivate(Call call) {
  co_await require_own(call.id());
  const auto done = co_await lifecycle_.deactivate(call.id(), call.who.actor());
  auto body = shown(done.integration, call.language());
  if (!done.warning.empty()) body["warning"] = words_in(call.language(), done.warning);
  co_return answer(200, body);
}

}  // namespace patchbay::web
