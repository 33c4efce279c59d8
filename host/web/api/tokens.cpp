#include "web/api/tokens.hpp"

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kToken =
    R"({"type": "object", "required": ["id", "name", "scopes", "created_at"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "scopes": {"type": "string"},
    "created_at": {"type": "string", "format": "date-time"}, "expires_at": {"type": ["string", "null"], "format": "date-time"},
    "last_used_at": {"type": ["string", "null"], "format": "date-time"}, "revoked_at": {"type": ["string", "null"], "format": "date-time"},
    "token": {"type": "string", "description": "The value, in the answer to its making only"}}})";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["name", "scopes"], "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 200},
    "scopes": {"type": "string", "minLength": 1, "description": "admin, read, chats, records, processes, integrations, plugins, inbox, status, audit"},
    "expires_in_s": {"type": "integer", "minimum": 60, "maximum": 3155760000}}})";

json shown(const Token& token) {
  return {{"id", to_string_id(token.id)},
          {"name", token.name},
          {"scopes", token.scopes},
          {"created_at", to_rfc3339(token.created_at)},
          {"expires_at", time_of(token.expires_at)},
          {"last_used_at", time_of(token.last_used_at)},
          {"revoked_at", time_of(token.revoked_at)}};
}

}  // namespace

void TokensApi::add_to(Router& router) {
  router.component("Token", kToken);
  const std::string token = R"({"$ref": "#/components/schemas/Token"})";
  router.add(Operation::manage_tokens, Verb::get, "/api/v1/tokens", bound(this, &TokensApi::list),
             Doc("List tokens").lists(token));
  router.add(Operation::manage_tokens, Verb::post, "/api/v1/tokens", bound(this, &TokensApi::create),
             Doc("Make a token").json(kNew).answers(201, "The token with its value", token));
  router.add(Operation::manage_tokens, Verb::del, "/api/v1/tokens/{id}", bound(this, &TokensApi::revoke),
             Doc("Revoke a token").answers(204, "Done").errors({404}));
}

asio::awaitable<Response> TokensApi::list(Call call) {
  const auto page = call.page();
  auto found = co_await tokens_.list(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const Token& token) { return shown(token); });
}

asio::awaitable<Response> TokensApi::create(Call call) {
  NewToken wanted(call.json().at("name").get<std::string>(), call.json().at("scopes").get<std::string>());
  if (call.json().contains("expires_in_s")) {
    wanted.expires_at =
        clock_.now() + std::chrono::seconds(call.json().at("expires_in_s").get<std::int64_t>());
  }
  const auto made = co_await tokens_.create(std::move(wanted), call.who.actor());
  auto body = shown(made.token);
  body["token"] = made.plain;
  co_return answer(201, body);
}

asio::awaitable<Response> TokensApi::revoke(Call call) {
  co_await tokens_.revoke(call.id(), call.who.actor());
  co_return Response(204);
}

}  // namespace patchbay::web
