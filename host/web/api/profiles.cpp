#include "web/api/profiles.hpp"

#include <nlohmann/json.hpp>

#include "web/api/secrets.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kProfile =
    R"({"type": "object", "required": ["id", "plugin", "name", "settings"], "properties": {
    "id": {"type": "string"}, "plugin": {"type": "string"}, "name": {"type": "string"},
    "settings": {"type": "object", "description": "Without secrets"},
    "secrets": {"type": "array", "items": {"type": "string"}, "description": "Those that are set; not in lists"},
    "former_secrets": {"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}, "description": "Until when routes accept what a secret was before; not in lists"},
    "declared": {"type": ["string", "null"], "description": "The name under which a file of the configuration declares it: changed there only, but for secrets"},
    "routes": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Addresses for the provider that all integrations of the profile share"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["plugin"], "properties": {
    "plugin": {"type": "string", "minLength": 1}, "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object", "description": "By the plugin's profile_schema, secrets included"}}})";
constexpr const char* kChange = R"({"type": "object", "additionalProperties": false, "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "settings": {"type": "object", "description": "Laid over the present ones (RFC 7396); secrets may be left out"},
    "end_former_secrets": {"type": "boolean", "description": "True: what secrets were before, also until this change, is accepted by routes no more"}}})";

}  // namespace

json ProfilesApi::shown(const plugin::Profile& profile) const {
  return {{"id", to_string_id(profile.id)},
          {"plugin", profile.plugin},
          {"name", profile.name},
          {"settings", json::parse(profile.settings)},
          {"declared", or_null(profile.declared.value_or(""))},
          {"routes", routes_.addresses(profile)},
          {"created_at", time_of(profile.created_at)},
          {"updated_at", time_of(profile.updated_at)}};
}

void ProfilesApi::add_to(Router& router) {
  router.component("Profile", kProfile);
  const std::string profile = R"({"$ref": "#/components/schemas/Profile"})";
  const std::string path = "/api/v1/profiles";
  router.add(Operation::read_integrations, Verb::get, path, bound(this, &ProfilesApi::list),
             Doc("List profiles").about("Apps and servers that integrations share.").lists(profile));
  router.add(Operation::manage_integrations, Verb::post, path, bound(this, &ProfilesApi::create),
             Doc("Add a profile").json(kNew).answers(201, "The profile", profile).errors({409}));
  router.add(Operation::read_integrations, Verb::get, path + "/{id}", bound(this, &ProfilesApi::show),
             Doc("Show a profile").answers(200, "The profile", profile).errors({404}));
  router.add(Operation::manage_integrations, Verb::patch, path + "/{id}", bound(this, &ProfilesApi::change),
             Doc("Change a profile")
                 .about("Integrations that use it run with it soon after.")
                 .json(kChange)
                 .answers(200, "The profile", profile)
                 .errors({404, 409}));
  router.add(Operation::manage_integrations, Verb::del, path + "/{id}", bound(this, &ProfilesApi::remove),
             Doc("Remove a profile").answers(204, "Removed").errors({404, 409}));
}

asio::awaitable<Response> ProfilesApi::list(Call call) {
  const auto page = call.page();
  auto work = [this, page](store::Session& session) {
    return table_.list(session, page.after, static_cast<std::int64_t>(page.limit) + 1);
  };
  auto found = co_await store_.read(std::move(work));
  co_return answer_page(std::move(found), page,
                        [this](const plugin::Profile& profile) { return shown(profile); });
}

asio::awaitable<Response> ProfilesApi::answer_with(int status, plugin::Profile profile) {
  auto read = [this, id = profile.id](store::Session& session) {
    return shown_secrets(session, vault_, "profile", id);
  };
  auto body = shown(profile);
  body.update(co_await store_.read(std::move(read)));
  co_return answer(status, body);
}

asio::awaitable<Response> ProfilesApi::create(Call call) {
  lifecycle::NewProfile wanted;
  wanted.plugin = call.json().at("plugin").get<std::string>();
  wanted.name = call.json().value("name", std::string());
  wanted.settings = call.json().value("settings", json::object()).dump();
  const auto made = co_await credentials_.create_profile(std::move(wanted), call.who.actor());
  auto response = co_await answer_with(201, made);
  response.headers.add("Location", "/api/v1/profiles/" + to_string_id(made.id));
  co_return response;
}

asio::awaitable<Response> ProfilesApi::show(Call call) {
  auto work = [this, id = call.id()](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("lifecycle.profile_not_found", {{"id", call.param("id")}}));
  co_return co_await answer_with(200, *found);
}

asio::awaitable<Response> ProfilesApi::change(Call call) {
  lifecycle::ProfileChange change;
  if (call.json().contains("name")) change.name = call.json().at("name").get<std::string>();
  if (call.json().contains("settings")) change.settings = call.json().at("settings").dump();
  change.end_formers = call.json().value("end_former_secrets", false);
  const auto changed = co_await credentials_.change_profile(call.id(), std::move(change), call.who.actor());
  co_return co_await answer_with(200, changed);
}

asio::awaitable<Response> ProfilesApi::remove(Call call) {
  co_await credentials_.remove_profile(call.id(), call.who.actor());
  co_return Response(204);
}

}  // namespace patchbay::web
