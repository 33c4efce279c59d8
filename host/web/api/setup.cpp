#include "web/api/setup.hpp"

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kDocument = R"({"type": "object", "required": ["format"], "properties": {
    "format": {"const": "patchbay-setup-1"},
    "profiles": {"type": "array", "items": {"type": "object"}},
    "integrations": {"type": "array", "items": {"type": "object", "properties": {
      "secrets": {"type": "object", "description": "By name; null: set where this was exported, and to be given"}}}}}})";
constexpr const char* kApplied =
    R"({"type": "object", "required": ["applied"], "properties": {"applied": {"type": "array", "items": {
    "type": "object", "required": ["kind", "plugin", "name", "result"], "properties": {
      "kind": {"type": "string", "enum": ["profile", "integration"]}, "plugin": {"type": "string"}, "name": {"type": "string"},
      "id": {"type": ["string", "null"]}, "result": {"type": "string", "enum": ["created", "changed", "unchanged", "failed"]},
      "missing": {"type": "array", "items": {"type": "string"}, "description": "Secrets that have to be given"},
      "opened": {"type": "boolean", "description": "Routes of it that verify nothing are open to anybody from now on"},
      "error": {"type": ["object", "null"], "properties": {"text": {"type": "string"}, "errors": {"type": "array", "items": {
        "type": "object", "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}, "remedy": {"type": "string"}}}}}}}}}}})";

json shown(const Error& error, const std::string& language) {
  auto errors = json::array();
  for (const auto& d : error.diagnostics())
    errors.push_back(
        {{"pointer", d.path}, {"detail", d.summary.in(language)}, {"remedy", d.remedy.in(language)}});
  return {{"text", error.text().in(language)}, {"errors", std::move(errors)}};
}

json shown(const lifecycle::Applied& applied, const std::string& language) {
  return {{"kind", applied.kind},     {"plugin", applied.plugin},
          {"name", applied.name},     {"id", or_null(applied.id)},
          {"result", applied.result}, {"missing", applied.missing},
          {"opened", applied.opened}, {"error", applied.error ? shown(*applied.error, language) : json()}};
}

}  // namespace

void SetupApi::add_to(Router& router) {
  const std::string path = "/api/v1/setup";
  router.add(Operation::manage_integrations, Verb::get, path, bound(this, &SetupApi::export_all),
             Doc("Export integrations and profiles")
                 .about("Without secrets: their names stand there with null. Drafts and grants are left out.")
                 .answers(200, "The document", kDocument));
  router.add(
      Operation::manage_integrations, Verb::post, path, bound(this, &SetupApi::import),
      Doc("Import integrations and profiles")
          .about("What the document names is made or changed, found by plugin and name; the rest stays. An "
                 "integration that lacks a secret becomes a draft.")
          .query("accept_unverified",
                 "true: where the document agrees that routes which verify nothing are open, so it is; else "
                 "such an entry is applied without that and says so",
                 R"({"type": "string", "enum": ["true", "false"]})")
          .json(kDocument)
          .answers(200, "What became of each", kApplied));
}

asio::awaitable<Response> SetupApi::export_all(Call) {
  auto document = co_await portable_.export_all();
  co_return Response(200, "application/json", std::move(document));
}

asio::awaitable<Response> SetupApi::import(Call call) {
  lifecycle::Portable::Options options;
  options.who = call.who.actor();
  options.accept_unverified = call.query("accept_unverified") == "true";
  auto document = call.json().dump();
  const auto applied = co_await portable_.apply(std::move(document), std::move(options));
  auto all = json::array();
  for (const auto& each : applied) all.push_back(shown(each, call.language()));
  co_return answer(200, json{{"applied", std::move(all)}});
}

}  // namespace patchbay::web
