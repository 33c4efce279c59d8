#include "web/api/chats.hpp"

#include <nlohmann/json.hpp>

#include "domain/access/sessions.hpp"
#include "domain/chat/render.hpp"
#include "web/api/chat_reader.hpp"
#include "web/api/records.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
namespace chat = domain::chat;
using nlohmann::json;

namespace {

constexpr const char* kChat =
    R"({"type": "object", "required": ["id", "integration", "conversation", "state"], "properties": {
    "id": {"type": "string"}, "integration": {"type": "string"},
    "conversation": {"type": "string", "description": "What the provider calls it"},
    "kind": {"type": "string", "enum": ["private", "group", "channel"]}, "title": {"type": "string"},
    "state": {"type": "string"}, "reachable": {"type": "boolean"}, "reason": {"type": ["string", "null"]},
    "created_at": {"type": "string", "format": "date-time"}, "last_message_at": {"type": ["string", "null"], "format": "date-time"},
    "queue": {"type": ["string", "null"]}, "operator": {"type": ["string", "null"], "description": "A user's id; null: nobody, or a bot"},
    "client": {"type": ["string", "null"]}, "contact_id": {"type": ["string", "null"], "description": "The contact that its client is"},
    "merged_into": {"type": ["string", "null"], "description": "The chat that it became a part of"}}})";
constexpr const char* kMessage =
    R"({"type": "object", "required": ["id", "direction", "text", "attachments", "state", "created_at"],
  "properties": {
    "id": {"type": "string"}, "direction": {"type": "string", "enum": ["in", "out"]}, "text": {"type": "string"},
    "attachments": {"type": "array", "items": {"type": "object", "required": ["id", "kind", "name", "type", "size"], "properties": {
      "id": {"type": ["string", "null"]}, "kind": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"},
      "size": {"type": ["integer", "null"]}, "width": {"type": ["integer", "null"]}, "height": {"type": ["integer", "null"]},
      "duration_ms": {"type": ["integer", "null"]}, "state": {"type": "string"}, "reason": {"type": ["string", "null"]}}}},
    "chat": {"type": "string"}, "provider_at": {"type": ["string", "null"], "format": "date-time"},
    "deleted_at": {"type": ["string", "null"], "format": "date-time"},
    "state": {"type": "string", "enum": ["received", "queued", "sending", "sent", "delivered", "read", "failed", "uncertain"]},
    "reason": {"type": ["string", "null"]}, "provider_id": {"type": ["string", "null"]},
    "created_at": {"type": "string", "format": "date-time"}, "edited_at": {"type": ["string", "null"], "format": "date-time"},
    "reply_to": {"type": ["string", "null"]},
    "trace_id": {"type": ["string", "null"], "description": "Of the request that brought it or that it was posted by: inbox, log lines and traces say the same"},
    "operator": {"type": ["string", "null"], "description": "The user who sent it"},
    "author": {"type": ["object", "null"], "properties": {"id": {"type": "string"}, "external_id": {"type": "string"}, "name": {"type": "string"},
      "username": {"type": "string"}, "language": {"type": "string"}, "is_bot": {"type": "boolean"}, "contact_id": {"type": ["string", "null"]}}}, "content": {"type": "object"}}})";
constexpr const char* kChange =
    R"({"type": "object", "required": ["id", "at", "state", "reason", "actor"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}, "state": {"type": "string"},
    "reason": {"type": "string"}, "actor": {"type": "string", "description": "user:<login>, client, host"},
    "queue": {"type": ["string", "null"]}, "operator": {"type": ["string", "null"]},
    "former_operator": {"type": ["string", "null"]}, "note": {"type": "string"},
    "subject": {"type": ["string", "null"], "description": "The contact that was linked or unlinked; the run that was started"}}})";
// The rest is checked by read_draft, whose findings say more.
constexpr const char* kDraft = R"({"type": "object", "additionalProperties": false, "properties": {
    "text": {}, "attachments": {"description": "File ids, or {id, kind}"}, "reply_to": {}, "buttons": {}, "location": {},
    "template": {"description": "{id, language, variables}: one of the chat's templates, instead of all but the text, which is what people here read of it"}}})";
constexpr const char* kContact =
    R"({"type": "object", "additionalProperties": false, "required": ["contact"], "properties": {
    "contact": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}}})";
constexpr const char* kTemplates =
    R"({"type": "object", "required": ["templates"], "properties": {"templates": {"type": "array", "items": {
    "type": "object", "required": ["id", "name"], "properties": {
      "id": {"type": "string"}, "name": {"type": "string"}, "language": {"type": "string"},
      "text": {"type": "string", "description": "With its places: Hello {{1}}"},
      "variables": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "example": {"type": "string"}}}}}}}}})";

constexpr const char* kState =
    R"({"type": "string", "enum": ["held", "with_bot", "waiting", "assigned", "in_progress", "finished"]})";

constexpr const char* kCarrier =
    R"({"type": "object", "required": ["integration", "name", "plugin", "text", "files"], "properties": {
    "integration": {"type": "string"}, "name": {"type": "string"}, "plugin": {"type": "string"},
    "text": {"type": ["object", "null"], "description": "The longest text of one message there; longer ones go in parts", "required": ["max", "unit"],
      "properties": {"max": {"type": "integer"}, "unit": {"type": "string", "enum": ["utf16", "characters", "bytes"]}}},
    "files": {"type": "array", "items": {"type": "object", "required": ["kind", "types", "max_bytes"], "properties": {
      "kind": {"type": "string"}, "types": {"type": "array", "items": {"type": "string"}, "description": "image/jpeg, image/*, */*"},
      "max_bytes": {"type": "integer", "description": "0: any size"}}}}}})";

int limit_of(const Call& call) {
  return static_cast<int>(call.limit());
}

json shown(const domain::routing::Change& change) {
  return {{"id", to_string_id(change.id)},
          {"at", to_rfc3339(TimePoint(Duration(change.at)))},
          {"state", change.state},
          {"reason", change.reason},
          {"actor", change.actor},
          {"queue", or_null(change.queue)},
          {"operator", or_null(change.owner)},
          {"former_operator", or_null(change.former)},
          {"note", change.note},
          {"subject", or_null(change.subject)}};
}

json shown(const chat::Carrier& carrier) {
  json text;
  if (const auto& length = carrier.limits.text) {
    const auto* unit = length->unit == chat::Unit::bytes        ? "bytes"
                       : length->unit == chat::Unit::characters ? "characters"
                                                                : "utf16";
    text = {{"max", length->max}, {"unit", unit}};
  }
  auto files = json::array();
  for (const auto& [kind, file] : carrier.limits.files)
    files.push_back({{"kind", kind}, {"types", file.types}, {"max_bytes", file.max_bytes}});
  return {{"integration", to_string_id(carrier.integration)},
          {"name", carrier.name},
          {"plugin", carrier.plugin},
          {"text", std::move(text)},
          {"files", std::move(files)}};
}

template <class T>
Response page_of(const chat::Page<T>& page, const std::string& language) {
  json items = json::array();
  for (const auto& item : page.items) items.push_back(chat::to_json(item, language));
  const json body = {{"items", std::move(items)}, {"next", page.next ? json(*page.next) : json()}};
  return answer(200, body);
}

}  // namespace

void ChatsApi::add_to(Router& router) {
  router.component("Chat", kChat);
  router.component("Message", kMessage);
  router.component("ChatChange", kChange);
  const std::string chat = R"({"$ref": "#/components/schemas/Chat"})";
  const std::string message = R"({"$ref": "#/components/schemas/Message"})";
  const std::string path = "/api/v1/chats";
  router.add(
      Operation::read_chats, Verb::get, path, bound(this, &ChatsApi::list),
      Doc("List chats")
          .query("integration", "Only of this integration", Doc::kId)
          .query("queue", "Only of this queue", Doc::kId)
          .query("state", "Only in this state; held: missed, since their channel is switched off", kState)
          .lists(chat));
  add_chat_to(router, path, Operation::read_chats, Operation::write_chats);
  add_chat_to(router, "/api/v1/desk/chats", Operation::own_session, Operation::own_session);
  router.add(Operation::read_chats, Verb::get, "/api/v1/messages/{id}", bound(this, &ChatsApi::message),
             Doc("Show a message").answers(200, "The message", message).errors({404}));
}

void ChatsApi::add_chat_to(Router& router, const std::string& path, Operation read, Operation write) {
  const std::string chat = R"({"$ref": "#/components/schemas/Chat"})";
  const std::string message = R"({"$ref": "#/components/schemas/Message"})";
  router.add(read, Verb::get, path + "/{id}", bound(this, &ChatsApi::show),
             Doc("Show a chat").answers(200, "The chat", chat).errors({404}));
  router.add(read, Verb::get, path + "/{id}/messages", bound(this, &ChatsApi::messages),
             Doc("List the messages of a chat, oldest first").lists(message).errors({404}));
  router.add(read, Verb::get, path + "/{id}/history", bound(this, &ChatsApi::history),
             Doc("List what became of a chat, oldest first")
                 .lists(R"({"$ref": "#/components/schemas/ChatChange"})")
                 .errors({404}));
  router.add(write, Verb::post, path + "/{id}/messages", bound(this, &ChatsApi::post),
             Doc("Send a message")
                 .about("The message is stored and sent in order; its state tells what became of it. A text "
                        "that is too long for "
                        "the channel is sent in parts and stays one message.")
                 .header("Idempotency-Key", "Repeating a request with the same key sends nothing twice")
                 .json(kDraft)
                 .answers(202, "The message, queued", message)
                 .errors({404, 409}));
  router.add(read, Verb::get, path + "/{id}/channel", bound(this, &ChatsApi::channel),
             Doc("Show what carries a chat, and what it can carry")
                 .answers(200, "The channel", kCarrier)
                 .errors({404, 409}));
  router.add(read, Verb::get, path + "/{id}/templates", bound(this, &ChatsApi::templates),
             Doc("List the templates that may be sent in a chat")
                 .about("Messages that the provider has approved beforehand. Where a channel closes a while "
                        "after the client's last message, only these go out then.")
                 .answers(200, "The templates", kTemplates)
                 .errors({404, 503}));
  add_contact_to(router, path, write);
}

void ChatsApi::add_contact_to(Router& router, const std::string& path, Operation write) {
  const std::string chat = R"({"$ref": "#/components/schemas/Chat"})";
  router.add(write, Verb::put, path + "/{id}/contact", bound(this, &ChatsApi::link_contact),
             Doc("Say which contact the client of a chat is")
                 .about("For all chats of this client.")
                 .json(kContact)
                 .answers(200, "The chat", chat)
                 .errors({404, 409}));
  router.add(
      write, Verb::post, path + "/{id}/contact", bound(this, &ChatsApi::make_contact),
      Doc("Make a contact of the client of a chat")
          .about("Unless he is one, or is found among the contacts by his channel, telephone or e-mail.")
          .answers(200, "The chat", chat)
          .errors({404, 409}));
  router.add(write, Verb::del, path + "/{id}/contact", bound(this, &ChatsApi::unlink_contact),
             Doc("Say that the client of a chat is not that contact")
                 .about("He is not matched by himself any more.")
                 .answers(204, "He is none")
                 .errors({404, 409}));
}

asio::awaitable<bool> ChatsApi::only_own(const Call& call) {
  const bool own = !call.who.operations.has(Operation::write_chats);
  if (own) co_await require_chat_reader(call, routing_);
  co_return own;
}

asio::awaitable<Response> ChatsApi::list(Call call) {
  chat::ChatFilter filter;
  filter.integration = call.query_id("integration");
  filter.queue = call.query_id("queue");
  filter.state = call.query("state");
  auto cursor = call.query("cursor").value_or("");
  const auto page = co_await chats_.list(std::move(filter), std::move(cursor), limit_of(call));
  co_return page_of(page, call.language());
}

asio::awaitable<Response> ChatsApi::show(Call call) {
  co_await require_chat_reader(call, routing_);
  const auto found = co_await chats_.get(call.id());
  co_return answer(200, chat::to_json(found, call.language()));
}

asio::awaitable<Response> ChatsApi::history(Call call) {
  co_await require_chat_reader(call, routing_);
  co_await chats_.get(call.id());
  const auto page = call.page();
  auto changes = co_await routing_.history(call.id(), page.after, page.limit + 1);
  const bool more = changes.size() > page.limit;
  if (more) changes.pop_back();
  auto items = json::array();
  for (const auto& change : changes) items.push_back(shown(change));
  co_return answer_list(std::move(items), more ? std::optional(changes.back().id) : std::nullopt);
}

asio::awaitable<Response> ChatsApi::messages(Call call) {
  co_await require_chat_reader(call, routing_);
  auto cursor = call.query("cursor").value_or("");
  const auto page = co_await chats_.messages(call.id(), std::move(cursor), limit_of(call));
  co_return page_of(page, call.language());
}

asio::awaitable<Response> ChatsApi::message(Call call) {
  const auto found = co_await chats_.message(call.id());
  co_return answer(200, chat::to_json(found, call.language()));
}

asio::awaitable<Response> ChatsApi::post(Call call) {
  auto draft = chat::read_draft(call.json());
  std::string key(call.request.headers.get("idempotency-key"));
  const auto user = call.who.session ? std::optional(call.who.session->user.id) : std::nullopt;
  const bool own = co_await only_own(call);
  chat::Sender sender(call.request.trace, user, own);
  const auto made = co_await chats_.post(call.id(), std::move(draft), std::move(key), std::move(sender));
  auto response = answer(202, chat::to_json(made, call.language()));
  response.headers.add("Location", "/api/v1/messages/" + to_string_id(made.id));
  co_return response;
}

asio::awaitable<Response> ChatsApi::link_contact(Call call) {
  const bool own = co_await only_own(call);
  const auto contact = parse_id(call.json().at("contact").get<std::string>()).value_or(0);
  auto linking = contacts_.link(call.id(), contact, asker_of(call), own);
  const auto linked = co_await std::move(linking);
  co_return answer(200, chat::to_json(linked, call.language()));
}

asio::awaitable<Response> ChatsApi::make_contact(Call call) {
  const bool own = co_await only_own(call);
  auto making = contacts_.make(call.id(), asker_of(call), own);
  const auto linked = co_await std::move(making);
  co_return answer(200, chat::to_json(linked, call.language()));
}

asio::awaitable<Response> ChatsApi::unlink_contact(Call call) {
  const bool own = co_await only_own(call);
  auto unlinking = contacts_.unlink(call.id(), asker_of(call), own);
  co_await std::move(unlinking);
  co_return Response(204);
}

asio::awaitable<Response> ChatsApi::channel(Call call) {
  co_await require_chat_reader(call, routing_);
  const auto carrier = co_await chats_.carrier(call.id());
  co_return answer(200, shown(carrier));
}

asio::awaitable<Response> ChatsApi::templates(Call call) {
  co_await require_chat_reader(call, routing_);
  auto list = co_await chats_.templates(call.id());
  co_return Response(200, "application/json", std::move(list));
}

}  // namespace patchbay::web
