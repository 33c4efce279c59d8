#include "web/api/notifications.hpp"

#include <nlohmann/json.hpp>

#include "web/api/session.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::notifications::Notification;
using nlohmann::json;

namespace {

constexpr const char* kNotification =
    R"({"type": "object", "required": ["id", "at", "kind", "text", "link", "read"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
    "kind": {"type": "string", "description": "integration.sign_in_again, integration.quarantined, subscription.off, operator.inactive"},
    "text": {"type": "string"}, "link": {"type": "string", "description": "A path of the console"},
    "read": {"type": "boolean"}}})";
constexpr const char* kUnread =
    R"({"type": "object", "required": ["unread"], "properties": {"unread": {"type": "integer"}}})";
constexpr const char* kUntil =
    R"({"type": "object", "additionalProperties": false, "properties": {
    "until": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$", "description": "The newest that was seen; else all"}}})";

json shown(const Notification& one, const std::string& language) {
  return {{"id", to_string_id(one.id)}, {"at", time_of(one.at)},
          {"kind", one.kind},           {"text", Text::from_kept(one.text).in(language)},
          {"link", one.link},           {"read", one.read}};
}

}  // namespace

void NotificationsApi::add_to(Router& router) {
  router.component("Notification", kNotification);
  const std::string path = "/api/v1/notifications";
  router.add(Operation::own_session, Verb::get, path, bound(this, &NotificationsApi::list),
             Doc("List what the user was told, newest first")
                 .about("What concerns himself or a role of his. Kept for 30 days.")
                 .query("unread", "true: only what he has not read", R"({"type": "boolean"})")
                 .lists(R"({"$ref": "#/components/schemas/Notification"})")
                 .errors({404}));
  router.add(Operation::own_session, Verb::get, path + "/unread", bound(this, &NotificationsApi::unread),
             Doc("Count what the user has not read").answers(200, "How many", kUnread).errors({404}));
  router.add(Operation::own_session, Verb::post, path + "/{id}/read",
             bound(this, &NotificationsApi::mark_read),
             Doc("Mark a notification as read").answers(204, "Read").errors({404}));
  router.add(
      Operation::own_session, Verb::post, path + "/read", bound(this, &NotificationsApi::mark_all_read),
      Doc("Mark all notifications as read").json(kUntil).optional().answers(204, "Read").errors({404}));
}

asio::awaitable<Response> NotificationsApi::list(Call call) {
  const auto user = session_of(call).user.id;
  const bool unread_only = call.query("unread") == "true";
  const auto page = call.page();
  auto found = co_await notifications_.list(user, unread_only, page.after, page.limit + 1);
  const auto language = call.language();
  co_return answer_page(std::move(found), page,
                        [&](const Notification& one) { return shown(one, language); });
}

asio::awaitable<Response> NotificationsApi::unread(Call call) {
  const auto count = co_await notifications_.unread(session_of(call).user.id);
  co_return answer(200, {{"unread", count}});
}

asio::awaitable<Response> NotificationsApi::mark_read(Call call) {
  const auto user = session_of(call).user.id;
  co_await notifications_.mark_read(user, call.id());
  co_return Response(204);
}

asio::awaitable<Response> NotificationsApi::mark_all_read(Call call) {
  const auto user = session_of(call).user.id;
  const auto until = parse_id(call.json().value("until", "")).value_or(0);
  co_await notifications_.mark_all_read(user, until);
  co_return Response(204);
}

}  // namespace patchbay::web
