#include "web/api/session.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/api/people.hpp"
#include "web/api/shown.hpp"
#include "web/gate.hpp"
#include "web/impl/cookie.hpp"
#include "web/open_id_page.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::access::Session;
using nlohmann::json;

namespace {

constexpr const char* kSession =
    R"({"type": "object", "required": ["user", "operations", "csrf_token", "expires_at"], "properties": {
    "user": {"$ref": "#/components/schemas/User"},
    "operations": {"type": "array", "items": {"type": "string"}, "description": "What the user may, by oneself and by roles"},
    "csrf_token": {"type": "string", "description": "For X-CSRF-Token of every request of the session that changes something"},
    "expires_at": {"type": "string", "format": "date-time", "description": "At the latest; twelve hours without a request end it too"}}})";
constexpr const char* kWays =
    R"({"type": "object", "required": ["password", "openid"], "properties": {
    "password": {"type": "boolean"},
    "openid": {"type": ["string", "null"], "description": "Where the browser goes to sign in at the identity server, with return_to=<path of the site to come back to>; null: none is set up"}}})";
constexpr const char* kSignedOut =
    R"({"type": "object", "required": ["continue"], "properties": {
    "continue": {"type": "string", "description": "Where the browser goes to sign out at the identity server, too"}}})";
constexpr const char* kSignIn =
    R"({"type": "object", "additionalProperties": false, "required": ["login", "password"], "properties": {
    "login": {"type": "string", "maxLength": 1000}, "password": {"type": "string", "maxLength": 1000}}})";
constexpr const char* kChangePassword =
    R"({"type": "object", "additionalProperties": false, "required": ["old", "new"], "properties": {
    "old": {"type": "string", "maxLength": 1000}, "new": {"type": "string", "maxLength": 1000}}})";
constexpr const char* kSetPassword =
    R"({"type": "object", "additionalProperties": false, "required": ["password"], "properties": {
    "password": {"type": "string", "maxLength": 1000}}})";

json shown_session(const Session& session) {
  return {{"user", shown(session.user)},
          {"operations", session.operations},
          {"csrf_token", session.csrf},
          {"expires_at", to_rfc3339(session.expires_at)}};
}

}  // namespace

const Session& session_of(const Call& call) {
  if (call.who.session == nullptr) throw Error(Code::not_found, Text("web.no_session"));
  return *call.who.session;
}

void SessionApi::add_to(Router& router) {
  router.component("Session", kSession);
  const std::string session = R"({"$ref": "#/components/schemas/Session"})";
  const std::string path = "/api/v1/session";
  router.add(Operation::none, Verb::post, path, bound(this, &SessionApi::sign_in),
             Doc("Sign in")
                 .about("The session's cookie comes with the answer.")
                 .json(kSignIn)
                 .answers(201, "Signed in", session)
                 .errors({401, 429, 503}));
  router.add(Operation::none, Verb::get, path + "/ways", bound(this, &SessionApi::ways),
             Doc("Show how to sign in").answers(200, "The ways that there are", kWays));
  router.add(Operation::own_session, Verb::get, path, bound(this, &SessionApi::show),
             Doc("Show one's session").answers(200, "The session", session).errors({404}));
  router.add(Operation::own_session, Verb::del, path, bound(this, &SessionApi::sign_out),
             Doc("Sign out")
                 .answers(200, "Signed out here; the identity server is next", kSignedOut)
                 .answers(204, "Signed out")
                 .errors({404}));
  router.add(Operation::own_session, Verb::post, path + "/password",
             bound(this, &SessionApi::change_password),
             Doc("Change one's password")
                 .about("The user's other sessions end.")
                 .json(kChangePassword)
                 .answers(204, "Changed")
                 .errors({404, 429, 503}));
  router.add(Operation::manage_access, Verb::post, "/api/v1/users/{id}/password",
             bound(this, &SessionApi::set_password),
             Doc("Set a user's password")
                 .about("The user's sessions end, and a lock for wrong passwords.")
                 .json(kSetPassword)
                 .answers(204, "Set")
                 .errors({404, 503}));
  router.add(Operation::manage_access, Verb::del, "/api/v1/users/{id}/sessions",
             bound(this, &SessionApi::end_all),
             Doc("End a user's sessions").answers(204, "Ended").errors({404}));
}

void SessionApi::refuse_too_many(const std::string& peer, const std::string& login) {
  const auto now = parts_.clock.monotonic();
  if (failures_.count(peer + ' ' + login, now) < Tokens::kFailuresBeforeLimit &&
      failures_of_address_.count(peer, now) < kFailuresOfAddress)
    return;
  throw Error(Code::rate_limited, Text("web.too_many_failures", {{"peer", peer}}))
      .retry_after(Duration{60'000});
}

void SessionApi::note_failure(const std::string& peer, const std::string& login) {
  const auto now = parts_.clock.monotonic();
  failures_.note(peer + ' ' + login, now);
  failures_of_address_.note(peer, now);
}

asio::awaitable<Response> SessionApi::sign_in(Call call) {
  const auto peer = call.request.peer;
  const auto login = call.json().at("login").get<std::string>();
  refuse_too_many(peer, login);
  domain::access::Client client(peer, std::string(call.request.headers.get("user-agent")));
  auto signing =
      parts_.sessions.sign_in(login, call.json().at("password").get<std::string>(), std::move(client));
  try {
    const auto in = co_await std::move(signing);
    auto response = answer(201, shown_session(in.session));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(domain::access::Sessions::kLongest);
    response.headers.add("Set-Cookie", session_cookie(parts_.site, in.token, seconds.count()));
    co_return response;
  } catch (const Error& error) {
    if (error.code() == Code::unauthenticated) note_failure(peer, login);
    throw;
  }
}

asio::awaitable<Response> SessionApi::show(Call call) {
  co_return answer(200, shown_session(session_of(call)));
}

asio::awaitable<Response> SessionApi::ways(Call) {
  json openid;
  if (parts_.open_id.is_offered()) openid = parts_.address() + std::string(OpenIdPage::kStart);
  co_return answer(200, {{"password", true}, {"openid", std::move(openid)}});
}

asio::awaitable<Response> SessionApi::sign_out(Call call) {
  const auto& session = session_of(call);
  auto asking = parts_.open_id.sign_out_address(session, parts_.address() + "/");
  // Ours ends whatever the identity server has to say, and before it says it.
  co_await parts_.sessions.sign_out(session);
  const bool is_here = co_await parts_.sessions.is_signed_in(session.user.id);
  if (!is_here && parts_.chats != nullptr) co_await parts_.chats->be_absent(session.user.id);
  const auto next = co_await std::move(asking);
  auto response = next.empty() ? Response(204) : answer(200, {{"continue", next}});
  response.headers.add("Set-Cookie", session_cookie(parts_.site, "", 0));
  co_return response;
}

asio::awaitable<Response> SessionApi::change_password(Call call) {
  auto changing = parts_.sessions.change_password(session_of(call), call.json().at("old").get<std::string>(),
                                                  call.json().at("new").get<std::string>());
  co_await std::move(changing);
  co_return Response(204);
}

asio::awaitable<Response> SessionApi::set_password(Call call) {
  auto setting = parts_.sessions.set_password(call.id(), call.json().at("password").get<std::string>(),
                                              call.who.actor());
  co_await std::move(setting);
  co_return Response(204);
}

asio::awaitable<Response> SessionApi::end_all(Call call) {
  co_await parts_.sessions.end_all(call.id(), call.who.actor());
  co_return Response(204);
}

}  // namespace patchbay::web
