#include "web/api/quick_replies.hpp"

#include <nlohmann/json.hpp>

#include "web/api/chat_reader.hpp"
#include "web/api/session.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::chat::QuickReply;
using domain::chat::QuickReplyChange;
using nlohmann::json;

namespace {

constexpr const char* kReply =
    R"({"type": "object", "required": ["id", "name", "language", "queue", "text"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"},
    "language": {"type": "string", "description": "Offered in channels of this language"},
    "queue": {"type": ["string", "null"], "description": "Only there; null: in all"},
    "text": {"type": "string", "description": "With {{client}}, {{operator}} and {{queue}}"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
#define PB_REPLY_FIELDS                                                                                 \
  R"("name": {"type": "string", "maxLength": 1000}, "language": {"type": "string", "maxLength": 100},)" \
  R"("queue": {"type": ["string", "null"], "pattern": "^[1-9][0-9]{0,18}$"},)"                          \
  R"("text": {"type": "string", "maxLength": 20000})"
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["name", "language", "text"], "properties": {)" PB_REPLY_FIELDS
    "}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_REPLY_FIELDS "}}";
constexpr const char* kExpanded =
    R"({"type": "object", "required": ["replies"], "properties": {"replies": {"type": "array", "items": {"type": "object",
    "required": ["id", "name", "text"], "properties": {"id": {"type": "string"}, "name": {"type": "string"},
    "text": {"type": "string", "description": "With what the macros stand for in this chat"}}}}}})";

json shown(const QuickReply& reply) {
  return {{"id", to_string_id(reply.id)},
          {"name", reply.name},
          {"language", reply.language},
          {"queue", or_null(reply.queue)},
          {"text", reply.text},
          {"created_at", time_of(reply.created_at)},
          {"updated_at", time_of(reply.updated_at)}};
}

QuickReplyChange change_of(const json& body) {
  QuickReplyChange change;
  if (body.contains("name")) change.name = body.at("name").get<std::string>();
  if (body.contains("language")) change.language = body.at("language").get<std::string>();
  if (body.contains("text")) change.text = body.at("text").get<std::string>();
  if (body.contains("queue")) {
    change.queue.emplace();
    if (body.at("queue").is_string())
      *change.queue = parse_id(body.at("queue").get<std::string>()).value_or(0);
  }
  return change;
}

}  // namespace

void QuickRepliesApi::add_to(Router& router) {
  router.component("QuickReply", kReply);
  const std::string reply = R"({"$ref": "#/components/schemas/QuickReply"})";
  const std::string path = "/api/v1/quick-replies";
  router.add(Operation::read_chat_settings, Verb::get, path, bound(this, &QuickRepliesApi::list),
             Doc("List quick replies").lists(reply));
  router.add(Operation::manage_chat_settings, Verb::post, path, bound(this, &QuickRepliesApi::create),
             Doc("Add a quick reply").json(kNew).answers(201, "The quick reply", reply).errors({409}));
  router.add(Operation::read_chat_settings, Verb::get, path + "/{id}", bound(this, &QuickRepliesApi::show),
             Doc("Show a quick reply").answers(200, "The quick reply", reply).errors({404}));
  router.add(
      Operation::manage_chat_settings, Verb::patch, path + "/{id}", bound(this, &QuickRepliesApi::change),
      Doc("Change a quick reply").json(kChange).answers(200, "The quick reply", reply).errors({404, 409}));
  router.add(Operation::manage_chat_settings, Verb::del, path + "/{id}",
             bound(this, &QuickRepliesApi::remove),
             Doc("Remove a quick reply").answers(204, "Removed").errors({404}));
  router.add(Operation::own_session, Verb::get, "/api/v1/desk/chats/{id}/quick-replies",
             bound(this, &QuickRepliesApi::for_chat),
             Doc("List the quick replies for a chat")
                 .about("Of its channel's language and its queue, by name.")
                 .answers(200, "The quick replies", kExpanded)
                 .errors({404}));
}

asio::awaitable<Response> QuickRepliesApi::list(Call call) {
  const auto page = call.page();
  auto found = co_await replies_.list(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const QuickReply& reply) { return shown(reply); });
}

asio::awaitable<Response> QuickRepliesApi::create(Call call) {
  auto wanted = change_of(call.json());
  const auto made = co_await replies_.create(std::move(wanted), call.who.actor());
  co_return created(shown(made), "/api/v1/quick-replies/");
}

asio::awaitable<Response> QuickRepliesApi::show(Call call) {
  const auto found = co_await replies_.get(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> QuickRepliesApi::change(Call call) {
  auto change = change_of(call.json());
  const auto changed = co_await replies_.change(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> QuickRepliesApi::remove(Call call) {
  co_await replies_.remove(call.id(), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> QuickRepliesApi::for_chat(Call call) {
  const auto& user = session_of(call).user;
  co_await require_chat_reader(call, routing_);
  const auto replies = co_await replies_.for_chat(call.id(), user.name);
  auto items = json::array();
  for (const auto& reply : replies)
    items.push_back({{"id", to_string_id(reply.id)}, {"name", reply.name}, {"text", reply.text}});
  co_return answer(200, {{"replies", std::move(items)}});
}

}  // namespace patchbay::web
