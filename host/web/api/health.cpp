#include "web/api/health.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;
using supervisor::Health;

namespace {

constexpr const char* kHealth =
    R"({"type": "object", "required": ["integration", "plugin", "version", "state", "since", "restarts", "last_error", "calls",
    "errors", "open", "latency_ms", "worker"], "properties": {
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
      "threads": {"type": "integer"}}}}})";

json shown(const Health& health) {
  json worker;
  if (health.pid != 0) worker["pid"] = health.pid;
  if (health.usage) {
    worker["memory_bytes"] = health.usage->memory;
    worker["cpu_ms"] = health.usage->cpu.count();
    worker["threads"] = health.usage->threads;
  }
  return {{"integration", to_string_id(health.integration)},
          {"plugin", health.plugin},
          {"version", health.version},
          {"state", supervisor::condition_name(health.condition)},
          {"since", to_rfc3339(health.since)},
          {"restarts", health.restarts},
          {"last_error", health.last_error.empty() ? json() : json(health.last_error)},
          {"last_error_at", health.last_error.empty() ? json() : json(to_rfc3339(health.last_error_at))},
          {"calls", health.calls},
          {"errors", health.errors},
          {"open", health.open},
          {"latency_ms", {{"p50", health.p50.count()}, {"p99", health.p99.count()}}},
          {"worker", worker}};
}

}  // namespace

void HealthApi::add_to(Router& router) {
  router.component("Health", kHealth);
  const std::string health = R"({"$ref": "#/components/schemas/Health"})";
  router.add(
      Operation::read_status, Verb::get, "/api/v1/health", bound(this, &HealthApi::list),
      Doc("List how running integrations are").about("Ordered by the integration's id.").lists(health));
  router.add(Operation::read_status, Verb::get, "/api/v1/health/{id}", bound(this, &HealthApi::show),
             Doc("Show how an integration is").answers(200, "How it is", health).errors({404}));
}

asio::awaitable<Response> HealthApi::list(Call call) {
  const auto page = call.page();
  auto looking = fleet_.health();
  auto all = co_await std::move(looking);
  std::erase_if(all, [&](const Health& health) { return health.integration <= page.after; });
  std::sort(all.begin(), all.end(),
            [](const Health& a, const Health& b) { return a.integration < b.integration; });
  std::optional<Id> next;
  if (all.size() > page.limit) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(page.limit), all.end());
    next = all.back().integration;
  }
  json items = json::array();
  for (const auto& health : all) items.push_back(shown(health));
  co_return answer_list(std::move(items), next);
}

asio::awaitable<Response> HealthApi::show(Call call) {
  auto looking = fleet_.health();
  const auto all = co_await std::move(looking);
  for (const auto& health : all) {
    if (health.integration == call.id()) co_return answer(200, shown(health));
  }
  throw Error(Code::not_found, Text("supervisor.not_running", {{"integration", call.param("id")}}));
}

}  // namespace patchbay::web
