#include "web/api/desk.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/sessions.hpp"
#include "web/api/session.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::routing::Chat;
using domain::routing::Person;
using nlohmann::json;

namespace {

#define PB_DESK_CHAT                                                                                                        \
  R"({"type": "object", "required": ["id", "state", "queue", "operator"], "properties": {)"                                 \
  R"("id": {"type": "string"}, "state": {"enum": ["held", "with_bot", "waiting", "assigned", "in_progress", "finished"]},)" \
  R"("queue": {"type": ["string", "null"]}, "operator": {"type": ["string", "null"], "description": "A user's id"},)"       \
  R"("waiting_since": {"type": "string", "format": "date-time"}}})"
constexpr const char* kDesk =
    R"({"type": "object", "required": ["status", "chats", "offers"], "properties": {
    "status": {"enum": ["active", "inactive", "offline"], "description": "Only who is active gets chats"},
    "chats": {"type": "array", "description": "Assigned to oneself or in progress, oldest first", "items": )" PB_DESK_CHAT
    R"(},
    "offers": {"type": "array", "description": "Oldest first, at most 100", "items": )" PB_DESK_CHAT "}}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "required": ["status"], "properties": {
    "status": {"enum": ["active", "inactive"]}}})";
constexpr const char* kColleagues =
    R"({"type": "object", "required": ["queues", "operators"], "properties": {
    "queues": {"type": "array", "items": {"type": "object", "required": ["id", "name"], "properties": {
      "id": {"type": "string"}, "name": {"type": "string"}}}},
    "operators": {"type": "array", "description": "Who serve a queue, by name", "items": {"type": "object",
      "required": ["id", "name", "status", "chats", "limit"], "properties": {
      "id": {"type": "string"}, "name": {"type": "string"}, "status": {"enum": ["active", "inactive", "offline"]},
      "chats": {"type": "integer", "description": "Assigned and in progress"},
      "limit": {"type": "integer", "description": "Whoever has as many gets no more"}}}}}})";
constexpr const char* kNote =
    R"({"type": "object", "additionalProperties": false, "properties": {"note": {"type": "string", "maxLength": 2000}}})";
constexpr const char* kTransfer =
    R"({"type": "object", "additionalProperties": false, "properties": {
    "operator": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}, "queue": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    "note": {"type": "string", "maxLength": 2000}}, "oneOf": [{"required": ["operator"]}, {"required": ["queue"]}]})";

json shown(const Chat& chat) {
  return {{"id", to_string_id(chat.id)},
          {"state", domain::routing::stage_name(chat.stage)},
          {"queue", chat.queue == 0 ? json() : json(to_string_id(chat.queue))},
          {"operator", or_null(chat.owner)},
          {"waiting_since", to_rfc3339(chat.waiting_since)}};
}

json shown(const std::vector<Chat>& chats) {
  auto all = json::array();
  for (const auto& chat : chats) all.push_back(shown(chat));
  return all;
}

Person person_of(const Call& call) {
  const auto& session = session_of(call);
  return Person(session.user.id, call.who.name, call.who.operations.has(Operation::manage_chat_settings));
}

std::string note_of(const Call& call) {
  return call.json().value("note", std::string());
}

}  // namespace

void DeskApi::add_to(Router& router) {
  const std::string path = "/api/v1/desk";
  const std::string chat = path + "/chats/{id}";
  router.add(Operation::own_session, Verb::get, path, bound(this, &DeskApi::show),
             Doc("Show one's desk").answers(200, "The desk", kDesk).errors({404}));
  router.add(Operation::own_session, Verb::patch, path, bound(this, &DeskApi::change),
             Doc("Set one's status").json(kChange).answers(200, "The desk", kDesk).errors({404}));
  router.add(Operation::own_session, Verb::post, path + "/present", bound(this, &DeskApi::be_present),
             Doc("Say that one's console is open")
                 .about("Every 15 seconds; after 45 seconds without, the operator is offline.")
                 .answers(204, "Heard")
                 .errors({404}));
  router.add(
      Operation::own_session, Verb::get, path + "/colleagues", bound(this, &DeskApi::colleagues),
      Doc("List whom a chat can be handed to")
          .about(
              "For operators and whoever manages chats; nobody else has a chat to hand on, and sees nobody.")
          .answers(200, "Queues and operators", kColleagues)
          .errors({404}));
  router.add(Operation::own_session, Verb::post, chat + "/accept", bound(this, &DeskApi::accept),
             Doc("Accept a chat").answers(200, "The chat", PB_DESK_CHAT).errors({404, 409}));
  router.add(Operation::own_session, Verb::post, chat + "/finish", bound(this, &DeskApi::finish),
             Doc("Finish a chat").answers(200, "The chat", PB_DESK_CHAT).errors({404}));
  router.add(Operation::own_session, Verb::post, chat + "/hand-back", bound(this, &DeskApi::hand_back),
             Doc("Hand a chat back to its queue")
                 .json(kNote)
                 .optional()
                 .answers(200, "The chat", PB_DESK_CHAT)
                 .errors({404, 409}));
  router.add(Operation::own_session, Verb::post, chat + "/transfer", bound(this, &DeskApi::transfer),
             Doc("Hand a chat to another operator or queue")
                 .json(kTransfer)
                 .answers(200, "The chat", PB_DESK_CHAT)
                 .errors({404, 409}));
}

asio::awaitable<Response> DeskApi::show(Call call) {
  const auto desk = co_await chats_.desk(session_of(call).user.id);
  const auto* status = !desk.present ? "offline" : desk.available ? "active" : "inactive";
  co_return answer(200, {{"status", status}, {"chats", shown(desk.own)}, {"offers", shown(desk.offered)}});
}

asio::awaitable<Response> DeskApi::change(Call call) {
  const auto who = session_of(call).user.id;
  // Whoever says that he is active is there.
  const bool active = call.json().at("status") == "active";
  if (active) co_await chats_.be_present(who);
  co_await chats_.set_available(who, active);
  co_return co_await show(std::move(call));
}

asio::awaitable<Response> DeskApi::be_present(Call call) {
  co_await chats_.be_present(session_of(call).user.id);
  co_return Response(204);
}

asio::awaitable<Response> DeskApi::colleagues(Call call) {
  const auto person = person_of(call);
  const auto all = co_await chats_.colleagues();
  bool is_one = person.manages;
  auto queues = json::array();
  for (const auto& [id, name] : all.queues) queues.push_back({{"id", to_string_id(id)}, {"name", name}});
  auto operators = json::array();
  for (const auto& one : all.operators) {
    is_one |= one.id == person.id;
    operators.push_back({{"id", to_string_id(one.id)},
                         {"name", one.name},
                         {"status", domain::routing::status_name(one.standing)},
                         {"chats", one.standing.chats},
                         {"limit", all.limit}});
  }
  if (!is_one) queues = operators = json::array();
  co_return answer(200, {{"queues", std::move(queues)}, {"operators", std::move(operators)}});
}

asio::awaitable<Response> DeskApi::accept(Call call) {
  auto person = person_of(call);
  const auto chat = co_await chats_.accept(call.id(), person.id, person.name);
  co_return answer(200, shown(chat));
}

asio::awaitable<Response> DeskApi::finish(Call call) {
  auto person = person_of(call);
  const auto chat = co_await chats_.finish(call.id(), std::move(person));
  co_return answer(200, shown(chat));
}

asio::awaitable<Response> DeskApi::hand_back(Call call) {
  auto person = person_of(call);
  auto note = note_of(call);
  const auto chat = co_await chats_.hand_back(call.id(), std::move(person), std::move(note));
  co_return answer(200, shown(chat));
}

asio::awaitable<Response> DeskApi::transfer(Call call) {
  auto person = person_of(call);
  auto note = note_of(call);
  const auto& body = call.json();
  if (body.contains("queue")) {
    const auto queue = parse_id(body.at("queue").get<std::string>()).value_or(0);
    const auto chat = co_await chats_.transfer_to_queue(call.id(), queue, std::move(person), std::move(note));
    co_return answer(200, shown(chat));
  }
  const auto to = parse_id(body.at("operator").get<std::string>()).value_or(0);
  const auto chat = co_await chats_.transfer_to_operator(call.id(), to, std::move(person), std::move(note));
  co_return answer(200, shown(chat));
}

}  // namespace patchbay::web
