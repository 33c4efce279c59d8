#include "web/api/health.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kHealth =
    R"({"type": "object", "required": ["integration", "plugin", "version", "state", "since", "restarts", "last_error", "calls",
    "errors", "open", "latency_ms", "worker", "host", "seen_at"], "properties": {
    "integration": {"type": "string"}, "plugin": {"type": "string"}, "version": {"type": "string"},
    "state": {"type": "string", "enum": ["starting", "ready", "waiting", "failed", "quarantined", "stopping"]},
    "since": {"type": "string", "format": "date-time", "description": "In this state"},
    "restarts": {"type": "integer", "description": "Of its worker, since the host started"},
    "last_error": {"type": ["string", "null"], "description": "The last, also when all is well again"},
    "last_error_at": {"type": ["string", "null"], "format": "date-time"},
    "calls": {"type": "integer"}, "errors": {"type": "integer", "description": "Calls that were not answered with ok"},
    "open": {"type": "integer", "description": "Calls that wait for an answer"},
    "latency_ms": {"type": "object", "description": "Upper bounds, in powers of two of a microsecond",
      "properties": {"p50": {"type": "integer"}, "p99": {"type": "integer"}}},
    "worker": {"type": ["object", "null"], "description": "Other integrations of the plugin may share it; null: none, or inside the host",
      "properties": {"pid": {"type": "integer"}, "memory_bytes": {"type": "integer"}, "cpu_ms": {"type": "integer"},
      "threads": {"type": "integer"}}},
    "host": {"type": "string", "description": "That runs it"},
    "seen_at": {"type": "string", "format": "date-time", "description": "Other hosts tell every ten seconds"}}})";

constexpr const char* kHappening =
    R"({"type": "object", "required": ["id", "at", "what", "state", "reason", "version", "host"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
    "what": {"type": "string", "enum": ["integration", "instance"], "description": "Instance: what runs for it"},
    "state": {"type": "string", "description": "As in an integration or in its health"},
    "reason": {"type": ["object", "null"], "properties": {"code": {"type": "string"}, "text": {"type": "string"}}},
    "version": {"type": "string"}, "host": {"type": "string"}}})";

using Entry = supervisor::HealthBoard::Entry;

json shown(const plugin::Happening& one) {
  const bool has_reason = !one.code.empty() || !one.reason.empty();
  return {{"id", to_string_id(one.id)},
          {"at", to_rfc3339(TimePoint(Duration(one.at)))},
          {"what", one.what},
          {"state", one.state},
          {"reason", has_reason ? json({{"code", one.code}, {"text", one.reason}}) : json()},
          {"version", one.version},
          {"host", one.host}};
}

}  // namespace

void HealthApi::add_to(Router& router) {
  router.component("Health", kHealth);
  router.component("Happening", kHappening);
  const std::string health = R"({"$ref": "#/components/schemas/Health"})";
  router.add(Operation::read_status, Verb::get, "/api/v1/health", bound(this, &HealthApi::list),
             Doc("List how running integrations are")
                 .about("Of every host, ordered by the integration's id.")
                 .lists(health));
  router.add(Operation::read_status, Verb::get, "/api/v1/health/{id}", bound(this, &HealthApi::show),
             Doc("Show how an integration is").answers(200, "How it is", health).errors({404}));
  router.add(Operation::read_status, Verb::get, "/api/v1/health/{id}/history",
             bound(this, &HealthApi::history),
             Doc("List what became of an integration")
                 .about("The newest first; the last 200 changes are kept.")
                 .lists(R"({"$ref": "#/components/schemas/Happening"})")
                 .errors({404}));
}

asio::awaitable<Response> HealthApi::list(Call call) {
  const auto page = call.page();
  auto all = co_await board_.all();
  std::erase_if(all, [&](const Entry& entry) { return entry.integration <= page.after; });
  std::optional<Id> next;
  if (all.size() > page.limit) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(page.limit), all.end());
    next = all.back().integration;
  }
  json items = json::array();
  for (const auto& entry : all) items.push_back(json::parse(entry.json));
  co_return answer_list(std::move(items), next);
}

asio::awaitable<Response> HealthApi::show(Call call) {
  const auto all = co_await board_.all();
  for (const auto& entry : all) {
    if (entry.integration == call.id()) co_return answer(200, json::parse(entry.json));
  }
  throw Error(Code::not_found, Text("supervisor.not_running", {{"integration", call.param("id")}}));
}

asio::awaitable<Response> HealthApi::history(Call call) {
  const auto page = call.page();
  auto found = co_await board_.history(call.id(), page.after, static_cast<std::int64_t>(page.limit) + 1);
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", call.param("id")}}));
  std::optional<Id> next;
  if (found->size() > page.limit) {
    found->pop_back();
    next = found->back().id;
  }
  json items = json::array();
  for (const auto& one : *found) items.push_back(shown(one));
  co_return answer_list(std::move(items), next);
}

}  // namespace patchbay::web
