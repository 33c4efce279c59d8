#include "web/api/health.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "web/api/shown.hpp"

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

constexpr const char* kPluginHealth =
    R"({"type": "object", "required": ["plugin", "state", "since", "integrations", "workers", "restarts", "last_error", "calls",
    "errors", "open", "latency_ms", "memory_bytes"], "properties": {
    "plugin": {"type": "string"},
    "state": {"type": "string", "enum": ["ready", "stopping", "starting", "waiting", "failed", "quarantined"],
      "description": "The worst of its integrations"},
    "since": {"type": "string", "format": "date-time", "description": "The first of them in that state"},
    "integrations": {"type": "object", "description": "How many are in which state", "additionalProperties": {"type": "integer"}},
    "workers": {"type": "integer", "description": "Processes, on all hosts"},
    "restarts": {"type": "integer", "description": "The most of any"},
    "last_error": {"type": ["string", "null"]}, "last_error_at": {"type": ["string", "null"], "format": "date-time"},
    "calls": {"type": "integer"}, "errors": {"type": "integer"}, "open": {"type": "integer"},
    "latency_ms": {"type": "object", "description": "The slowest of any", "properties": {"p50": {"type": "integer"}, "p99": {"type": "integer"}}},
    "memory_bytes": {"type": "integer", "description": "Of all its workers"}}})";

constexpr const char* kHappening =
    R"({"type": "object", "required": ["id", "at", "what", "state", "reason", "version", "host"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
    "what": {"type": "string", "enum": ["integration", "instance"], "description": "Instance: what runs for it"},
    "state": {"type": "string", "description": "As in an integration or in its health"},
    "reason": {"type": ["object", "null"], "properties": {"code": {"type": "string"}, "text": {"type": "string"}}},
    "version": {"type": "string"}, "host": {"type": "string"}}})";

using Entry = supervisor::HealthBoard::Entry;

// From the best to the worst.
constexpr std::array<std::string_view, 6> kStates = {"ready",   "stopping", "starting",
                                                     "waiting", "failed",   "quarantined"};

std::size_t badness(const json& health) {
  const auto* const found = std::find(kStates.begin(), kStates.end(), health.at("state").get<std::string>());
  return static_cast<std::size_t>(found - kStates.begin());
}

// Adds an integration's health to that of its plugin. `workers`: those that were counted.
void add(json& plugin, const json& one, std::set<std::string>& workers) {
  if (plugin.is_null()) {
    plugin = one;
    for (const auto* own : {"integration", "version", "host", "worker", "seen_at"}) plugin.erase(own);
    plugin.update({{"integrations", json::object()}, {"workers", 0}, {"memory_bytes", 0}});
  } else {
    const auto worse = badness(one) > badness(plugin);
    const bool as_bad = badness(one) == badness(plugin);
    if (worse || (as_bad && one.at("since") < plugin.at("since"))) plugin["since"] = one.at("since");
    if (worse) plugin["state"] = one.at("state");
    if (plugin.at("last_error").is_null() || one.at("last_error_at") > plugin.at("last_error_at")) {
      plugin["last_error"] = one.at("last_error");
      plugin["last_error_at"] = one.at("last_error_at");
    }
    for (const auto* sum : {"calls", "errors", "open"})
      plugin[sum] = plugin.at(sum).get<std::int64_t>() + one.at(sum).get<std::int64_t>();
    plugin["restarts"] = std::max(plugin.at("restarts"), one.at("restarts"));
    for (const auto* which : {"p50", "p99"})
      plugin["latency_ms"][which] = std::max(plugin["latency_ms"][which], one.at("latency_ms").at(which));
  }
  auto& count = plugin["integrations"][one.at("state").get<std::string>()];
  count = count.is_null() ? 1 : count.get<int>() + 1;
  const auto& worker = one.at("worker");
  if (!worker.is_object() || !worker.contains("pid")) return;
  if (!workers.insert(one.at("host").get<std::string>() + " " + worker.at("pid").dump()).second) return;
  plugin["workers"] = workers.size();
  plugin["memory_bytes"] =
      plugin.at("memory_bytes").get<std::int64_t>() + worker.value("memory_bytes", std::int64_t{0});
}

json shown(const plugin::Happening& one, const std::string& language) {
  return {{"id", to_string_id(one.id)},
          {"at", to_rfc3339(TimePoint(Duration(one.at)))},
          {"what", one.what},
          {"state", one.state},
          {"reason", reason_in(language, one.code, one.reason)},
          {"version", one.version},
          {"host", one.host}};
}

json parsed(const Entry& entry, const std::string& language) {
  auto out = json::parse(entry.json);
  auto& error = out.at("last_error");
  if (error.is_string()) error = words_in(language, error.get<std::string>());
  return out;
}

}  // namespace

void HealthApi::add_to(Router& router) {
  router.component("Health", kHealth);
  router.component("Happening", kHappening);
  router.component("PluginHealth", kPluginHealth);
  const std::string health = R"({"$ref": "#/components/schemas/Health"})";
  router.add(Operation::read_status, Verb::get, "/api/v1/health", bound(this, &HealthApi::list),
             Doc("List how running integrations are")
                 .about("Of every host, ordered by the integration's id.")
                 .lists(health));
  router.add(
      Operation::read_status, Verb::get, "/api/v1/plugin-health", bound(this, &HealthApi::plugins),
      Doc("List how plugins are")
          .about("Those of which something runs, with all their integrations on all hosts taken together.")
          .lists(R"({"$ref": "#/components/schemas/PluginHealth"})"));
  router.add(Operation::read_status, Verb::get, "/api/v1/health/{id}", bound(this, &HealthApi::show),
             Doc("Show how an integration is").answers(200, "How it is", health).errors({404}));
  router.add(Operation::read_status, Verb::get, "/api/v1/health/{id}/history",
             bound(this, &HealthApi::history),
             Doc("List what became of an integration")
                 .about("The newest first; the last 200 changes are kept.")
                 .lists(R"({"$ref": "#/components/schemas/Happening"})")
                 .errors({404}));
}

asio::awaitable<Response> HealthApi::plugins(Call call) {
  const auto page = call.page();
  const auto all = co_await board_.all();
  std::map<std::string, json> plugins;
  std::map<std::string, std::set<std::string>> workers;
  for (const auto& entry : all) {
    const auto one = parsed(entry, call.language());
    const auto plugin = one.at("plugin").get<std::string>();
    add(plugins[plugin], one, workers[plugin]);
  }
  // As in the list of plugins: a cursor is the number of those that have been shown.
  const auto from = std::min(static_cast<std::size_t>(page.after), plugins.size());
  const auto to = std::min(from + page.limit, plugins.size());
  json items = json::array();
  auto each = std::next(plugins.begin(), static_cast<std::ptrdiff_t>(from));
  for (auto i = from; i < to; ++i, ++each) items.push_back(std::move(each->second));
  co_return answer_list(std::move(items),
                        to < plugins.size() ? std::optional(static_cast<Id>(to)) : std::nullopt);
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
  for (const auto& entry : all) items.push_back(parsed(entry, call.language()));
  co_return answer_list(std::move(items), next);
}

asio::awaitable<Response> HealthApi::show(Call call) {
  const auto all = co_await board_.all();
  for (const auto& entry : all) {
    if (entry.integration == call.id()) co_return answer(200, parsed(entry, call.language()));
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
  for (const auto& one : *found) items.push_back(shown(one, call.language()));
  co_return answer_list(std::move(items), next);
}

}  // namespace patchbay::web
