#include "web/api/session.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/api/people.hpp"
#include "web/api/shown.hpp"
#include "web/gate.hpp"
#include "web/impl/route_table.hpp"

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
constexpr const char* kSignIn =
    R"({"type": "object", "additionalProperties": false, "required": ["login", "password"], "properties": {
    "login": {"type": "string", "maxLength": 1000}, "password": {"type": "string", "maxLength": 1000}}})";
constexpr const char* kChangePassword =
    R"({"type": "object", "additionalProperties": false, "required": ["old", "new"], "properties": {
    "old": {"type": "string", "maxLength": 1000}, "new": {"type": "string", "maxLength": 1000}}})";
constexpr const char* kSetPassword =
    R"({"type": "object", "additionalProperties": false, "required": ["password"], "properties": {
    "password": {"type": "string", "maxLength": 1000}}})";

std::string attributes_of(const std::string& site_url) {
  std::string path = "/";
  if (const auto host = site_url.find("://"); host != site_url.npos) {
    const auto slash = site_url.find('/', host + 3);
    if (slash != site_url.npos) path = "/" + without_slashes(site_url.substr(slash + 1));
  }
  return "; Path=" + path + "; HttpOnly; SameSite=Lax" + (site_url.starts_with("https:") ? "; Secure" : "");
}

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

SessionApi::SessionApi(domain::access::Sessions& sessions, const Clock& clock, const std::string& site_url)
    : sessions_(sessions), clock_(clock), attributes_(attributes_of(site_url)) {}

std::string SessionApi::cookie(const std::string& value, std::int64_t seconds) const {
  return std::string(kSessionCookie) + "=" + value + attributes_ + "; Max-Age=" + std::to_string(seconds);
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
  router.add(Operation::own_session, Verb::get, path, bound(this, &SessionApi::show),
             Doc("Show one's session").answers(200, "The session", session).errors({404}));
  router.add(Operation::own_session, Verb::del, path, bound(this, &SessionApi::sign_out),
             Doc("Sign out").answers(204, "Signed out").errors({404}));
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

asio::awaitable<Response> SessionApi::sign_in(Call call) {
  const auto peer = call.request.peer;
  if (failures_.count(peer, clock_.monotonic()) >= Tokens::kFailuresBeforeLimit)
    throw Error(Code::rate_limited, Text("web.too_many_failures", {{"peer", peer}}))
        .retry_after(Duration{60'000});
  domain::access::Client client(peer, std::string(call.request.headers.get("user-agent")));
  auto signing = sessions_.sign_in(call.json().at("login").get<std::string>(),
                                   call.json().at("password").get<std::string>(), std::move(client));
  try {
    const auto in = co_await std::move(signing);
    auto response = answer(201, shown_session(in.session));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(domain::access::Sessions::kLongest);
    response.headers.add("Set-Cookie", cookie(in.token, seconds.count()));
    co_return response;
  } catch (const Error& error) {
    if (error.code() == Code::unauthenticated) failures_.note(peer, clock_.monotonic());
    throw;
  }
}

asio::awaitable<Response> SessionApi::show(Call call) {
  co_return answer(200, shown_session(session_of(call)));
}

asio::awaitable<Response> SessionApi::sign_out(Call call) {
  co_await sessions_.sign_out(session_of(call));
  Response response(204);
  response.headers.add("Set-Cookie", cookie("", 0));
  co_return response;
}

asio::awaitable<Response> SessionApi::change_password(Call call) {
  auto changing = sessions_.change_password(session_of(call), call.json().at("old").get<std::string>(),
                                            call.json().at("new").get<std::string>());
  co_await std::move(changing);
  co_return Response(204);
}

asio::awaitable<Response> SessionApi::set_password(Call call) {
  auto setting =
      sessions_.set_password(call.id(), call.json().at("password").get<std::string>(), call.who.name);
  co_await std::move(setting);
  co_return Response(204);
}

asio::awaitable<Response> SessionApi::end_all(Call call) {
  co_await sessions_.end_all(call.id(), call.who.name);
  co_return Response(204);
}

}  // namespace patchbay::web
