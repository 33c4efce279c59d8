#include "web/api/chat_actions.hpp"

#include <nlohmann/json.hpp>

#include "web/api/chat_reader.hpp"
#include "web/api/processes.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::chat::ChatAction;
using domain::chat::ChatActionChange;
using domain::routing::Person;
using nlohmann::json;

namespace {

constexpr const char* kAction =
    R"({"type": "object", "required": ["id", "name", "queue", "process"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"},
    "queue": {"type": "string", "description": "In whose open chats its operators can start it"},
    "process": {"type": "string", "description": "Its code; it gets ChatId and ContactId where it takes them"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
#define PB_ACTION_FIELDS                                                                               \
  R"("name": {"type": "string", "maxLength": 1000}, "process": {"type": "string", "maxLength": 200},)" \
  R"("queue": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"})"
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["name", "queue", "process"], "properties": {)" PB_ACTION_FIELDS
    "}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_ACTION_FIELDS "}}";
constexpr const char* kActions =
    R"({"type": "object", "required": ["actions"], "properties": {"actions": {"type": "array", "items": {"$ref": "#/components/schemas/ChatAction"}}}})";

json shown(const ChatAction& action) {
  return {{"id", to_string_id(action.id)},
          {"name", action.name},
          {"queue", to_string_id(action.queue)},
          {"process", action.process},
          {"created_at", time_of(action.created_at)},
          {"updated_at", time_of(action.updated_at)}};
}

ChatActionChange change_of(const json& body) {
  ChatActionChange change;
  if (body.contains("name")) change.name = body.at("name").get<std::string>();
  if (body.contains("queue")) change.queue = parse_id(body.at("queue").get<std::string>()).value_or(0);
  if (body.contains("process")) change.process = body.at("process").get<std::string>();
  return change;
}

// A token may what its scopes say, in any queue.
Person person_of(const Call& call) {
  const bool manages = call.who.session == nullptr || call.who.operations.has(Operation::write_chats);
  return Person(call.who.session == nullptr ? 0 : call.who.id, call.who.name, manages);
}

}  // namespace

void ChatActionsApi::add_to(Router& router) {
  router.component("ChatAction", kAction);
  const std::string action = R"({"$ref": "#/components/schemas/ChatAction"})";
  const std::string path = "/api/v1/chat-actions";
  router.add(Operation::read_chat_settings, Verb::get, path, bound(this, &ChatActionsApi::list),
             Doc("List chat actions").lists(action));
  router.add(Operation::manage_chat_settings, Verb::post, path, bound(this, &ChatActionsApi::create),
             Doc("Add a chat action").json(kNew).answers(201, "The action", action).errors({409}));
  router.add(Operation::read_chat_settings, Verb::get, path + "/{id}", bound(this, &ChatActionsApi::show),
             Doc("Show a chat action").answers(200, "The action", action).errors({404}));
  router.add(Operation::manage_chat_settings, Verb::patch, path + "/{id}",
             bound(this, &ChatActionsApi::change),
             Doc("Change a chat action").json(kChange).answers(200, "The action", action).errors({404, 409}));
  router.add(Operation::manage_chat_settings, Verb::del, path + "/{id}", bound(this, &ChatActionsApi::remove),
             Doc("Remove a chat action").answers(204, "Removed").errors({404}));
  add_chat_to(router, "/api/v1/chats/{id}/actions", Operation::read_chats, Operation::write_chats);
  add_chat_to(router, "/api/v1/desk/chats/{id}/actions", Operation::own_session, Operation::own_session);
}

void ChatActionsApi::add_chat_to(Router& router, const std::string& path, Operation read, Operation write) {
  router.add(read, Verb::get, path, bound(this, &ChatActionsApi::for_chat),
             Doc("List the actions for a chat")
                 .about("Those of its queue, by name, while it is open; for operators of that queue and for "
                        "who has the chat.")
                 .answers(200, "The actions", kActions)
                 .errors({404}));
  router.add(write, Verb::post, path + "/{action}", bound(this, &ChatActionsApi::start),
             Doc("Start an action in a chat")
                 .path("action", "Its id")
                 .header("Idempotency-Key", "Repeating a request with the same key starts nothing twice")
                 .answers(202, "The run of its process", R"({"$ref": "#/components/schemas/ProcessRun"})")
                 .errors({404, 409}));
}

asio::awaitable<Response> ChatActionsApi::list(Call call) {
  const auto page = call.page();
  auto found = co_await actions_.list(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const ChatAction& action) { return shown(action); });
}

asio::awaitable<Response> ChatActionsApi::create(Call call) {
  auto wanted = change_of(call.json());
  const auto made = co_await actions_.create(std::move(wanted), call.who.actor());
  co_return created(shown(made), "/api/v1/chat-actions/");
}

asio::awaitable<Response> ChatActionsApi::show(Call call) {
  const auto found = co_await actions_.get(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> ChatActionsApi::change(Call call) {
  auto change = change_of(call.json());
  const auto changed = co_await actions_.change(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> ChatActionsApi::remove(Call call) {
  co_await actions_.remove(call.id(), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> ChatActionsApi::for_chat(Call call) {
  co_await require_chat_reader(call, routing_);
  auto person = person_of(call);
  const auto actions = co_await actions_.for_chat(call.id(), std::move(person));
  auto items = json::array();
  for (const auto& action : actions) items.push_back(shown(action));
  co_return answer(200, {{"actions", std::move(items)}});
}

asio::awaitable<Response> ChatActionsApi::start(Call call) {
  co_await require_chat_reader(call, routing_);
  std::string key(call.request.headers.get("idempotency-key"));
  auto person = person_of(call);
  const auto run = co_await actions_.start(call.id(), call.id("action"), std::move(key), std::move(person));
  auto response = answer(202, shown(run, call.language()));
  response.headers.add("Location", "/api/v1/process-runs/" + to_string_id(run.id));
  co_return response;
}

}  // namespace patchbay::web
