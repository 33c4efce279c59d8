#include "web/api/hosts.hpp"

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cluster/membership.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kHost =
    R"({"type": "object", "required": ["id", "name", "version", "address", "since", "share", "me"], "properties": {
    "id": {"type": "string", "description": "Of this life of it"}, "name": {"type": "string", "description": "The same over restarts"},
    "version": {"type": "string"}, "address": {"type": "string", "description": "Where it listens"},
    "since": {"type": "string", "format": "date-time"},
    "share": {"type": "number", "description": "Of the integrations, 0 to 1, that it works for"},
    "me": {"type": "boolean", "description": "It answers this request"}}})";

}  // namespace

void HostsApi::add_to(Router& router) {
  router.component("Host", kHost);
  router.add(Operation::read_status, Verb::get, "/api/v1/hosts", bound(this, &HostsApi::list),
             Doc("List the hosts that share the store").lists(R"({"$ref": "#/components/schemas/Host"})"));
}

asio::awaitable<Response> HostsApi::list(Call call) {
  const auto page = call.page();
  auto members = co_await cluster::list_members(store_);
  if (members.empty()) members.push_back(self_());
  json items = json::array();
  std::optional<Id> next;
  for (const auto& member : members) {
    if (member.id <= page.after) continue;
    if (items.size() == page.limit) {
      next = parse_id(items.back().at("id").get<std::string>());
      break;
    }
    items.push_back({{"id", to_string_id(member.id)},
                     {"name", member.name},
                     {"version", member.version},
                     {"address", member.address},
                     {"since", to_rfc3339(TimePoint(Duration(member.joined_at)))},
                     {"share", static_cast<double>(member.partitions) / cluster::kPartitions},
                     {"me", members.size() == 1 || member.id == peers_.me()}});
  }
  co_return answer_list(std::move(items), next);
}

}  // namespace patchbay::web
