#include "web/api/queues.hpp"

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::routing::Channel;
using domain::routing::ChannelChange;
using domain::routing::QueueChange;
using domain::routing::QueueRow;
using nlohmann::json;

namespace {

constexpr const char* kQueue =
    R"({"type": "object", "required": ["id", "name", "rule", "idle_minutes", "keep_open", "operators"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"},
    "rule": {"type": "string", "description": "broadcast: offered to all, the first to accept has it. least_busy: given to who has the fewest"},
    "idle_minutes": {"type": ["integer", "null"], "description": "Without anything sent for so long, a chat is finished; null: never"},
    "keep_open": {"type": "boolean", "description": "Not while the client waits for an answer"},
    "hours": {"type": ["object", "null"], "description": "Business hours; null: always open"},
    "away": {"type": "string", "description": "Said once to whoever writes outside the business hours; empty: nothing"},
    "operators": {"type": "array", "items": {"type": "string"}, "description": "Ids of users and roles"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}}})";
#define PB_SPANS \
  R"({"type": "array", "maxItems": 20, "items": {"type": "object", "additionalProperties": false, "required": ["from", "to"], "properties": {"from": {"type": "string"}, "to": {"type": "string"}}}})"
#define PB_HOURS                                                                                                                \
  R"({"type": ["object", "null"], "additionalProperties": false, "required": ["zone", "week"], "properties": {)"                \
  R"("zone": {"type": "string", "maxLength": 100}, "closed": {"type": "array", "maxItems": 400, "items": {"type": "string"}},)" \
  R"("week": {"type": "object", "additionalProperties": false, "properties": {"monday": )" PB_SPANS                             \
  R"(, "tuesday": )" PB_SPANS R"(, "wednesday": )" PB_SPANS R"(, "thursday": )" PB_SPANS                                        \
  R"(, "friday": )" PB_SPANS R"(, "saturday": )" PB_SPANS R"(, "sunday": )" PB_SPANS "}}}}"
#define PB_QUEUE_FIELDS                                                                             \
  R"("name": {"type": "string", "maxLength": 1000}, "rule": {"type": "string", "maxLength": 100},)" \
  R"("idle_minutes": {"type": ["integer", "null"]}, "keep_open": {"type": "boolean"},)"             \
  R"("away": {"type": "string", "maxLength": 20000}, "hours": )" PB_HOURS R"(,)"                    \
  R"("operators": {"type": "array", "maxItems": 1000, "items": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}})"
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["name"], "properties": {)" PB_QUEUE_FIELDS
    "}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_QUEUE_FIELDS "}}";
constexpr const char* kChannel =
    R"({"type": "object", "required": ["integration", "name", "plugin", "active", "queue", "language"], "properties": {
    "integration": {"type": "string"}, "name": {"type": "string"}, "plugin": {"type": "string"},
    "active": {"type": "boolean", "description": "Its chats are distributed; messages arrive in any case"},
    "queue": {"type": ["string", "null"]}, "language": {"type": "string"},
    "welcome": {"type": "string", "description": "Said in each new chat; empty: nothing"}}})";
constexpr const char* kChannelChange =
    R"({"type": "object", "additionalProperties": false, "properties": {
    "active": {"type": "boolean"}, "queue": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    "language": {"type": "string", "maxLength": 100}, "welcome": {"type": "string", "maxLength": 20000}}})";

json shown(const QueueRow& queue) {
  auto operators = json::array();
  for (const auto one : queue.operators) operators.push_back(to_string_id(one));
  return {{"id", to_string_id(queue.id)},
          {"name", queue.name},
          {"rule", queue.rule},
          {"idle_minutes", queue.idle_minutes ? json(*queue.idle_minutes) : json()},
          {"keep_open", queue.keep_open},
          {"hours", queue.hours.empty() ? json() : json::parse(queue.hours)},
          {"away", queue.away},
          {"operators", std::move(operators)},
          {"created_at", time_of(queue.created_at)},
          {"updated_at", time_of(queue.updated_at)}};
}

json shown(const Channel& channel) {
  return {{"integration", to_string_id(channel.integration)},
          {"name", channel.name},
          {"plugin", channel.plugin},
          {"active", channel.active},
          {"queue", or_null(channel.queue)},
          {"language", channel.language},
          {"welcome", channel.welcome}};
}

QueueChange change_of(const json& body) {
  QueueChange change;
  if (body.contains("name")) change.name = body.at("name").get<std::string>();
  if (body.contains("rule")) change.rule = body.at("rule").get<std::string>();
  if (body.contains("idle_minutes"))
    change.idle_minutes = body.at("idle_minutes").is_null() ? 0 : body.at("idle_minutes").get<std::int64_t>();
  if (body.contains("keep_open")) change.keep_open = body.at("keep_open").get<bool>();
  if (body.contains("hours")) change.hours = body.at("hours").is_null() ? "" : body.at("hours").dump();
  if (body.contains("away")) change.away = body.at("away").get<std::string>();
  if (body.contains("operators")) {
    change.operators.emplace();
    for (const auto& one : body.at("operators"))
      change.operators->push_back(parse_id(one.get<std::string>()).value_or(0));
  }
  return change;
}

ChannelChange channel_change_of(const json& body) {
  ChannelChange change;
  if (body.contains("active")) change.active = body.at("active").get<bool>();
  if (body.contains("queue")) change.queue = parse_id(body.at("queue").get<std::string>()).value_or(0);
  if (body.contains("language")) change.language = body.at("language").get<std::string>();
  if (body.contains("welcome")) change.welcome = body.at("welcome").get<std::string>();
  return change;
}

}  // namespace

void QueuesApi::add_to(Router& router) {
  router.component("Queue", kQueue);
  router.component("Channel", kChannel);
  const std::string queue = R"({"$ref": "#/components/schemas/Queue"})";
  const std::string channel = R"({"$ref": "#/components/schemas/Channel"})";
  const std::string path = "/api/v1/queues";
  const std::string channels = "/api/v1/channels";
  router.add(Operation::read_chat_settings, Verb::get, path, bound(this, &QueuesApi::list),
             Doc("List queues").lists(queue));
  router.add(Operation::manage_chat_settings, Verb::post, path, bound(this, &QueuesApi::create),
             Doc("Add a queue").json(kNew).answers(201, "The queue", queue).errors({409}));
  router.add(Operation::read_chat_settings, Verb::get, path + "/{id}", bound(this, &QueuesApi::show),
             Doc("Show a queue").answers(200, "The queue", queue).errors({404}));
  router.add(Operation::manage_chat_settings, Verb::patch, path + "/{id}", bound(this, &QueuesApi::change),
             Doc("Change a queue").json(kChange).answers(200, "The queue", queue).errors({404, 409}));
  router.add(Operation::manage_chat_settings, Verb::del, path + "/{id}", bound(this, &QueuesApi::remove),
             Doc("Remove a queue").answers(204, "Removed").errors({404, 409}));
  router.add(Operation::read_chat_settings, Verb::get, channels, bound(this, &QueuesApi::channels),
             Doc("List channels").about("Every integration is one; its id is the channel's.").lists(channel));
  router.add(Operation::read_chat_settings, Verb::get, channels + "/{id}", bound(this, &QueuesApi::channel),
             Doc("Show a channel").answers(200, "The channel", channel).errors({404}));
  router.add(Operation::manage_chat_settings, Verb::patch, channels + "/{id}",
             bound(this, &QueuesApi::change_channel),
             Doc("Change a channel")
                 .about("Switched on, chats whose client wrote within the last day wait from now on.")
                 .json(kChannelChange)
                 .answers(200, "The channel", channel)
                 .errors({404}));
}

asio::awaitable<Response> QueuesApi::list(Call call) {
  const auto page = call.page();
  auto found = co_await queues_.list(page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const QueueRow& queue) { return shown(queue); });
}

asio::awaitable<Response> QueuesApi::create(Call call) {
  auto wanted = change_of(call.json());
  const auto made = co_await queues_.create(std::move(wanted), call.who.actor());
  co_return created(shown(made), "/api/v1/queues/");
}

asio::awaitable<Response> QueuesApi::show(Call call) {
  const auto found = co_await queues_.get(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> QueuesApi::change(Call call) {
  auto change = change_of(call.json());
  const auto changed = co_await queues_.change(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

asio::awaitable<Response> QueuesApi::remove(Call call) {
  co_await queues_.remove(call.id(), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> QueuesApi::channels(Call call) {
  const auto page = call.page();
  auto found = co_await queues_.channels(page.after, page.limit + 1);
  co_return answer_page(
      std::move(found), page, [](const Channel& channel) { return shown(channel); },
      [](const Channel& channel) { return channel.integration; });
}

asio::awaitable<Response> QueuesApi::channel(Call call) {
  const auto found = co_await queues_.channel(call.id());
  co_return answer(200, shown(found));
}

asio::awaitable<Response> QueuesApi::change_channel(Call call) {
  auto change = channel_change_of(call.json());
  const auto changed = co_await queues_.change_channel(call.id(), std::move(change), call.who.actor());
  co_return answer(200, shown(changed));
}

}  // namespace patchbay::web
