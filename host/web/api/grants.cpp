#include "web/api/grants.hpp"

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kGrant =
    R"({"type": "object", "required": ["id", "plugin", "name", "state", "reason"], "properties": {
    "id": {"type": "string"}, "plugin": {"type": "string"}, "name": {"type": "string", "description": "In the plugin's manifest"},
    "profile": {"type": ["string", "null"]}, "title": {"type": ["string", "null"], "description": "Who signed in"},
    "scopes": {"type": "string"}, "state": {"type": "string", "enum": ["active", "sign_in_again"]},
    "reason": {"type": ["string", "null"]}, "renewable": {"type": "boolean"},
    "expires_at": {"type": ["string", "null"], "format": "date-time", "description": "When it ends; null for one that is renewed by itself"},
    "signed_in_at": {"type": "string", "format": "date-time"}, "refreshed_at": {"type": "string", "format": "date-time"}}})";
constexpr const char* kSignIn =
    R"({"type": "object", "required": ["id", "state", "reason", "grant"], "properties": {
    "id": {"type": "string"}, "plugin": {"type": "string"}, "name": {"type": "string"}, "way": {"type": "string", "enum": ["code", "device", "password"]},
    "state": {"type": "string", "enum": ["waiting", "exchanging", "done", "failed"]}, "reason": {"type": ["string", "null"]},
    "grant": {"type": ["string", "null"], "description": "What came of it"},
    "address": {"type": "string", "description": "Where the person goes; of a browser's sign-in in the answer to its start only"},
    "user_code": {"type": "string", "description": "To be entered there"}, "complete_address": {"type": "string", "description": "With the code in it"},
    "expires_at": {"type": "string", "format": "date-time"}}})";
constexpr const char* kNew = R"({"type": "object", "additionalProperties": false, "properties": {
    "integration": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "That is to use the grant"},
    "profile": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "Without an integration"},
    "again": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "A grant that needs it"},
    "grant": {"type": "string", "description": "Its name in the manifest; not with again"},
    "way": {"type": "string", "enum": ["code", "device", "password"], "default": "code"},
    "user": {"type": "string", "minLength": 1, "maxLength": 320, "description": "With the way password, and only then"},
    "password": {"type": "string", "minLength": 1, "maxLength": 4096, "format": "password", "description": "The same; never shown again"}}})";

json shown(const oauth::Grant& grant, const std::string& language) {
  const bool ends = grant.expires_at && !grant.renewable;
  return {{"id", to_string_id(grant.id)},
          {"plugin", grant.plugin},
          {"name", grant.name},
          {"profile", or_null(grant.profile)},
          {"title", or_null(grant.title)},
          {"scopes", grant.scopes},
          {"state", grant.works ? "active" : "sign_in_again"},
          {"reason", words_in(language, grant.reason)},
          {"renewable", grant.renewable},
          {"expires_at", ends ? json(time_of(*grant.expires_at)) : json()},
          {"signed_in_at", time_of(grant.signed_in_at)},
          {"refreshed_at", time_of(grant.refreshed_at)}};
}

json shown(const oauth::SignIn& sign_in, const std::string& language) {
  json out = {{"id", to_string_id(sign_in.id)},
              {"plugin", sign_in.plugin},
              {"name", sign_in.name},
              {"way", sign_in.way},
              {"state", sign_in.state},
              {"reason", words_in(language, sign_in.reason)},
              {"grant", or_null(sign_in.grant)},
              {"expires_at", time_of(sign_in.expires_at)}};
  out.update(json::parse(sign_in.shown));
  return out;
}

// All of it or nothing.
std::optional<oauth::Login> login_in(const json& body) {
  const bool by_password = body.value("way", std::string("code")) == "password";
  Error error(Code::invalid, Text("oauth.login_incomplete"));
  for (const auto* field : {"user", "password"}) {
    if (body.contains(field) == by_password) continue;
    error.add(Diagnostic(std::string("/") + field,
                         Text(by_password ? "oauth.login_incomplete" : "oauth.login_unasked")));
  }
  if (!error.diagnostics().empty()) throw error;
  if (!by_password) return std::nullopt;
  return oauth::Login{body.at("user").get<std::string>(), body.at("password").get<std::string>()};
}

std::optional<Id> id_at(const json& body, const char* key) {
  const auto found = body.find(key);
  return found == body.end() ? std::nullopt : parse_id(found->get<std::string>());
}

}  // namespace

void GrantsApi::add_to(Router& router) {
  router.component("Grant", kGrant);
  router.component("SignIn", kSignIn);
  const std::string grant = R"({"$ref": "#/components/schemas/Grant"})";
  const std::string sign_in = R"({"$ref": "#/components/schemas/SignIn"})";
  const std::string path = "/api/v1/grants";
  router.add(Operation::read_integrations, Verb::get, path, bound(this, &GrantsApi::list),
             Doc("List grants").about("What people have allowed at providers.").lists(grant));
  router.add(Operation::read_integrations, Verb::get, path + "/{id}", bound(this, &GrantsApi::show),
             Doc("Show a grant").answers(200, "The grant", grant).errors({404}));
  router.add(
      Operation::manage_integrations, Verb::del, path + "/{id}", bound(this, &GrantsApi::remove),
      Doc("Remove a grant")
          .about("It is taken back at the provider too.")
          .answers(
              200, "Removed",
              R"({"type": "object", "properties": {"revoked": {"type": "boolean", "description": "Whether the provider said so"}}})")
          .errors({404, 409}));
  router.add(Operation::manage_integrations, Verb::post, "/api/v1/sign-ins", bound(this, &GrantsApi::sign_in),
             Doc("Let somebody sign in at a provider")
                 .about("By a browser that is sent to the address, with a code that is entered on another "
                        "device, or with "
                        "a user name and a password: then it is done at once.")
                 .json(kNew)
                 .answers(201, "Where to go, or what became of it", sign_in)
                 .errors({404, 503}));
  router.add(Operation::manage_integrations, Verb::get, "/api/v1/sign-ins/{id}",
             bound(this, &GrantsApi::show_sign_in),
             Doc("Show what became of a sign-in").answers(200, "The sign-in", sign_in).errors({404}));
}

asio::awaitable<Response> GrantsApi::list(Call call) {
  const auto page = call.page();
  auto work = [this, page](store::Session& session) {
    return table_.list(session, page.after, static_cast<std::int64_t>(page.limit) + 1);
  };
  auto found = co_await store_.read(std::move(work));
  co_return answer_page(std::move(found), page, [language = call.language()](const oauth::Grant& grant) {
    return shown(grant, language);
  });
}

asio::awaitable<Response> GrantsApi::show(Call call) {
  auto work = [this, id = call.id()](store::Session& session) { return table_.find(session, id); };
  const auto found = co_await store_.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("oauth.no_grant", {{"id", call.param("id")}}));
  co_return answer(200, shown(*found, call.language()));
}

asio::awaitable<Response> GrantsApi::remove(Call call) {
  const bool revoked = co_await credentials_.remove_grant(call.id(), call.who.actor());
  co_return answer(200, json{{"revoked", revoked}});
}

asio::awaitable<Response> GrantsApi::sign_in(Call call) {
  const auto& body = call.json();
  lifecycle::WantedSignIn wanted;
  wanted.integration = id_at(body, "integration");
  wanted.profile = id_at(body, "profile");
  wanted.again = id_at(body, "again");
  wanted.name = body.value("grant", std::string());
  wanted.on_device = body.value("way", std::string("code")) == "device";
  wanted.login = login_in(body);
  const auto begun = co_await credentials_.sign_in(std::move(wanted), call.who.actor());
  auto response = answer(201, shown(begun, call.language()));
  response.headers.add("Location", "/api/v1/sign-ins/" + to_string_id(begun.id));
  co_return response;
}

asio::awaitable<Response> GrantsApi::show_sign_in(Call call) {
  const auto found = co_await sign_ins_.find(call.id());
  if (!found) throw Error(Code::not_found, Text("base.not_found", {{"what", call.param("id")}}));
  co_return answer(200, shown(*found, call.language()));
}

}  // namespace patchbay::web
