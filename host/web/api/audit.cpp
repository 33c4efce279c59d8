#include "web/api/audit.hpp"

#include <nlohmann/json.hpp>

#include "store/audit.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;
using store::AuditEntry;

namespace {

constexpr const char* kEntry =
    R"({"type": "object", "required": ["id", "at", "actor", "address", "action", "object", "detail"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
    "actor": {"type": "string", "description": "user:<login>, plugin:<id>, token:<name>, file <name>, host, command line"},
    "address": {"type": "string", "description": "Of the client; empty: it happened on the host"},
    "action": {"type": "string", "examples": ["integration.change", "setting.change", "role.add_member", "token.create"]},
    "object": {"type": "string", "description": "<kind>:<id or code>"},
    "detail": {"type": "object", "description": "old and new values; of secrets the names only"}}})";
constexpr const char* kTime = R"({"type": "string", "format": "date-time"})";
constexpr const char* kText = R"({"type": "string", "maxLength": 1000})";

json shown(const AuditEntry& entry) {
  return {{"id", to_string_id(entry.id)},
          {"at", time_of(entry.at)},
          {"actor", entry.actor.name},
          {"address", entry.actor.address},
          {"action", entry.action},
          {"object", entry.object},
          {"detail", json::parse(entry.detail, nullptr, false)}};
}

// Where the lines of a time begin.
std::optional<Id> first_at(const Call& call, const char* name) {
  const auto time = query_time(call, name);
  return time ? std::optional(first_id_at(*time)) : std::nullopt;
}

}  // namespace

void AuditApi::add_to(Router& router) {
  router.component("AuditEntry", kEntry);
  router.add(Operation::read_audit, Verb::get, "/api/v1/audit", bound(this, &AuditApi::list),
             Doc("List the audit log, newest first")
                 .about("Nothing in it is changed or removed.")
                 .query("actor", "By this one", kText)
                 .query("action", "Of this kind", kText)
                 .query("object", "About this one", kText)
                 .query("from", "From this time on", kTime)
                 .query("to", "Before this time", kTime)
                 .lists(R"({"$ref": "#/components/schemas/AuditEntry"})"));
}

asio::awaitable<Response> AuditApi::list(Call call) {
  store::AuditFilter filter;
  filter.actor = call.query("actor").value_or("");
  filter.action = call.query("action").value_or("");
  filter.object = call.query("object").value_or("");
  filter.first = first_at(call, "from").value_or(0);
  filter.end = first_at(call, "to");
  const auto page = call.page();
  auto work = [filter, page](store::Session& session) {
    return store::read_audit(session, filter, page.after, page.limit + 1);
  };
  auto found = co_await store_.read(std::move(work));
  co_return answer_page(std::move(found), page, [](const AuditEntry& entry) { return shown(entry); });
}

}  // namespace patchbay::web
