#include "web/api/subscriptions.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "web/api/shown.hpp"
#include "web/precondition.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::subscriptions::Delivery;
using domain::subscriptions::MadeSubscription;
using domain::subscriptions::Replay;
using domain::subscriptions::Subscription;
using nlohmann::json;

namespace {

#define PB_SUBSCRIPTION_REST                                                                                    \
  R"("url": {"type": "string", "description": "Gets a POST for each event, signed as Standard Webhooks say"},)" \
  R"("description": {"type": "string"},)"                                                                       \
  R"("types": {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 200},)"               \
  R"("description": "Of events: chat.created; chat.* means all that begin so, * all"},)"                        \
  R"("active": {"type": "boolean", "description": "false: nothing is told, and what waits goes on waiting"})"

constexpr const char* kSubscription =
    R"({"type": "object", "required": ["id", "url", "description", "types", "active", "off_reason", "failing_since", "created_at", "updated_at"], "properties": {
    "id": {"type": "string"}, "secret": {"type": "string", "description": "Shown once: what signatures are checked with"},
    "off_reason": {"type": ["string", "null"], "description": "Why the host switched it off; null: it did not"},
    "failing_since": {"type": ["string", "null"], "format": "date-time", "description": "Since then nothing has arrived"},
    "created_at": {"type": "string", "format": "date-time"}, "updated_at": {"type": "string", "format": "date-time"}, )" PB_SUBSCRIPTION_REST
    "}}";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["url", "types"], "properties": {)" PB_SUBSCRIPTION_REST
    "}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_SUBSCRIPTION_REST "}}";
constexpr const char* kSubscriptions =
    R"({"type": "object", "required": ["subscriptions"], "properties": {"subscriptions": {"type": "array", "items": {"$ref": "#/components/schemas/Subscription"}}}})";
constexpr const char* kTypes =
    R"({"type": "object", "required": ["types"], "properties": {"types": {"type": "array", "items": {"type": "string"}}}})";
constexpr const char* kDelivery =
    R"({"type": "object", "required": ["id", "subscription", "event", "type", "at", "state", "attempts", "next_attempt", "status", "error", "finished_at"], "properties": {
    "id": {"type": "string"}, "subscription": {"type": "string"},
    "event": {"type": "string", "description": "With evt_ before it, the webhook-id"}, "type": {"type": "string"},
    "at": {"type": "string", "format": "date-time", "description": "When it happened"},
    "state": {"type": "string", "enum": ["waiting", "sending", "delivered", "dead"]}, "attempts": {"type": "integer"},
    "next_attempt": {"type": ["string", "null"], "format": "date-time"},
    "status": {"type": ["integer", "null"], "description": "The answer to the last try"},
    "error": {"type": ["string", "null"], "description": "Of the last try"},
    "finished_at": {"type": ["string", "null"], "format": "date-time"},
    "payload": {"description": "What is sent; null: it is not kept any more"}}})";
constexpr const char* kReplay =
    R"({"type": "object", "additionalProperties": false, "properties": {
    "delivered": {"type": "boolean", "description": "true: also those that arrived; else only those that are dead"},
    "from": {"type": "string", "format": "date-time", "description": "What happened from then on"},
    "to": {"type": "string", "format": "date-time", "description": "And before"}}})";
constexpr const char* kReplayed =
    R"({"type": "object", "required": ["deliveries"], "properties": {"deliveries": {"type": "integer", "description": "How many are made once more"}}})";
constexpr const char* kState = R"({"type": "string", "enum": ["waiting", "sending", "delivered", "dead"]})";

json shown(const Subscription& one, const std::string& language) {
  auto out = to_json(one);
  out["id"] = to_string_id(one.id);
  out["off_reason"] = words_in(language, one.off_reason);
  out["failing_since"] = time_of(one.failing_since);
  out["created_at"] = time_of(one.created_at);
  out["updated_at"] = time_of(one.updated_at);
  return out;
}

Response answer_one(int status, const Subscription& one, const std::string& language,
                    const std::string& secret = {}) {
  auto body = shown(one, language);
  if (!secret.empty()) body["secret"] = secret;
  auto response = answer(status, body);
  add_etag(response, one.version);
  return response;
}

json shown(const Delivery& one, const std::string& language) {
  return {{"id", to_string_id(one.id)},
          {"subscription", to_string_id(one.subscription)},
          {"event", to_string_id(one.event)},
          {"type", one.type},
          {"at", time_of(one.at)},
          {"state", one.state},
          {"attempts", one.attempts},
          {"next_attempt", one.state == "waiting" ? json(time_of(one.not_before)) : json()},
          {"status", one.status ? json(*one.status) : json()},
          {"error", words_in(language, one.error)},
          {"finished_at", time_of(one.finished_at)}};
}

// Unix milliseconds; 0 where it is not given.
std::int64_t time_at(const json& body, const char* name) {
  if (!body.contains(name)) return 0;
  const auto time = parse_rfc3339(body.at(name).get<std::string>());
  if (time) return time->time_since_epoch().count();
  Error error(Code::invalid, Text("web.invalid_body"));
  throw error.add(Diagnostic("/" + std::string(name), Text("web.not_a_time")));
}

}  // namespace

void SubscriptionsApi::add_to(Router& router) {
  router.component("Subscription", kSubscription);
  const std::string subscription = R"({"$ref": "#/components/schemas/Subscription"})";
  const std::string path = "/api/v1/subscriptions";
  constexpr auto kMay = Operation::manage_subscriptions;
  router.add(kMay, Verb::get, "/api/v1/subscription-types", bound(this, &SubscriptionsApi::types),
             Doc("List the types of events that can be subscribed to").answers(200, "By name", kTypes));
  router.add(kMay, Verb::get, path, bound(this, &SubscriptionsApi::list),
             Doc("Show who is told of events").answers(200, "The oldest first", kSubscriptions));
  router.add(
      kMay, Verb::post, path, bound(this, &SubscriptionsApi::create),
      Doc("Subscribe an address to events")
          .about("Each event is a POST signed as Standard Webhooks say, made at least once: repetitions "
                 "carry the same webhook-id, and an event may overtake another. Any answer but 2xx is "
                 "tried again, eleven times in 22 hours; 410 switches the subscription off. The secret "
                 "is shown once.")
          .json(kNew)
          .answers(201, "The subscription, with its secret", subscription)
          .errors({409}));
  router.add(kMay, Verb::get, path + "/{id}", bound(this, &SubscriptionsApi::show),
             Doc("Show a subscription").answers(200, "The subscription", subscription).errors({404}));
  router.add(kMay, Verb::patch, path + "/{id}", guarded(bound(this, &SubscriptionsApi::change)),
             Doc("Change a subscription")
                 .about("One that is switched on is told what happens from then on, after what still waits.")
                 .header("If-Match", kIfMatch)
                 .json(kChange)
                 .answers(200, "The subscription", subscription)
                 .errors({404, 412, 428}));
  router.add(kMay, Verb::del, path + "/{id}", guarded(bound(this, &SubscriptionsApi::remove)),
             Doc("Remove a subscription, with its deliveries")
                 .header("If-Match", kIfMatch)
                 .answers(204, "Removed")
                 .errors({404, 412, 428}));
  router.add(kMay, Verb::post, path + "/{id}/secret", bound(this, &SubscriptionsApi::renew_secret),
             Doc("Renew the secret of a subscription")
                 .about("For a day events are signed with the former one as well.")
                 .answers(200, "The subscription, with its secret", subscription)
                 .errors({404}));
  add_deliveries_to(router);
}

void SubscriptionsApi::add_deliveries_to(Router& router) {
  router.component("SubscriptionDelivery", kDelivery);
  const std::string delivery = R"({"$ref": "#/components/schemas/SubscriptionDelivery"})";
  const std::string path = "/api/v1/subscriptions/{id}";
  const std::string one = "/api/v1/subscription-deliveries/{id}";
  constexpr auto kMay = Operation::manage_subscriptions;
  router.add(
      kMay, Verb::post, path + "/test", bound(this, &SubscriptionsApi::test),
      Doc("Send a subscription.test").answers(202, "Its delivery, waiting", delivery).errors({404, 409}));
  router.add(kMay, Verb::get, path + "/deliveries", bound(this, &SubscriptionsApi::deliveries),
             Doc("List the deliveries of a subscription, newest first")
                 .about("Those that arrived are kept for 7 days, dead ones for 30.")
                 .query("state", "Only in this state", kState)
                 .lists(delivery)
                 .errors({404}));
  router.add(
      kMay, Verb::post, path + "/replay", bound(this, &SubscriptionsApi::replay_all),
      Doc("Make the deliveries of a subscription once more")
          .about("Those that are dead, and on demand those that arrived, of a time where one is given.")
          .json(kReplay)
          .optional()
          .answers(202, "They wait", kReplayed)
          .errors({404}));
  router.add(kMay, Verb::get, one, bound(this, &SubscriptionsApi::delivery),
             Doc("Show a delivery and what is sent").answers(200, "The delivery", delivery).errors({404}));
  router.add(
      kMay, Verb::post, one + "/replay", bound(this, &SubscriptionsApi::replay),
      Doc("Make a delivery once more").answers(202, "The delivery, waiting", delivery).errors({404, 409}));
}

asio::awaitable<Response> SubscriptionsApi::types(Call) {
  co_return answer(200, {{"types", domain::subscriptions::event_types()}});
}

asio::awaitable<Response> SubscriptionsApi::list(Call call) {
  auto all = json::array();
  const auto found = co_await subscriptions_.list();
  for (const auto& one : found) all.push_back(shown(one, call.language()));
  co_return answer(200, {{"subscriptions", std::move(all)}});
}

asio::awaitable<Response> SubscriptionsApi::create(Call call) {
  const auto made = co_await subscriptions_.create(call.json(), call.who.actor());
  auto response = answer_one(201, made.subscription, call.language(), made.secret);
  response.headers.add("Location", "/api/v1/subscriptions/" + to_string_id(made.subscription.id));
  co_return response;
}

asio::awaitable<Response> SubscriptionsApi::show(Call call) {
  const auto found = co_await subscriptions_.get(call.id());
  co_return answer_one(200, found, call.language());
}

asio::awaitable<Response> SubscriptionsApi::change(Call call) {
  const auto version = wanted_version(call);
  const auto changed = co_await subscriptions_.change(call.id(), call.json(), version, call.who.actor());
  co_return answer_one(200, changed, call.language());
}

asio::awaitable<Response> SubscriptionsApi::remove(Call call) {
  const auto version = wanted_version(call);
  co_await subscriptions_.remove(call.id(), version, call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> SubscriptionsApi::renew_secret(Call call) {
  const auto made = co_await subscriptions_.renew_secret(call.id(), call.who.actor());
  co_return answer_one(200, made.subscription, call.language(), made.secret);
}

asio::awaitable<Response> SubscriptionsApi::test(Call call) {
  const auto made = co_await subscriptions_.test(call.id(), call.who.actor());
  co_return answer(202, shown(made, call.language()));
}

asio::awaitable<Response> SubscriptionsApi::deliveries(Call call) {
  const auto page = call.page();
  auto state = call.query("state").value_or("");
  auto found = co_await subscriptions_.deliveries(call.id(), std::move(state), page.after, page.limit + 1);
  const auto language = call.language();
  co_return answer_page(std::move(found), page, [&](const Delivery& one) { return shown(one, language); });
}

asio::awaitable<Response> SubscriptionsApi::delivery(Call call) {
  const auto found = co_await subscriptions_.delivery(call.id());
  auto body = shown(found.delivery, call.language());
  body["payload"] = found.body.empty() ? json() : json::parse(found.body);
  co_return answer(200, body);
}

asio::awaitable<Response> SubscriptionsApi::replay(Call call) {
  const auto queued = co_await subscriptions_.replay(call.id(), call.who.actor());
  co_return answer(202, shown(queued, call.language()));
}

asio::awaitable<Response> SubscriptionsApi::replay_all(Call call) {
  Replay which;
  which.delivered = call.json().value("delivered", false);
  which.from = time_at(call.json(), "from");
  which.until = time_at(call.json(), "to");
  const auto count = co_await subscriptions_.replay_all(call.id(), which, call.who.actor());
  co_return answer(202, {{"deliveries", count}});
}

}  // namespace patchbay::web
