#include "web/api/inbox.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "crypto/encoding.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr const char* kEntry =
    R"({"type": "object", "required": ["id", "integration", "route", "state", "received_at"], "properties": {
    "id": {"type": "string"}, "integration": {"type": ["string", "null"]},
    "profile": {"type": ["string", "null"], "description": "Whose route it came to, where that belongs to no integration"}, "plugin": {"type": "string"}, "route": {"type": "string"},
    "state": {"type": "string", "enum": ["new", "done", "dead"]}, "reason": {"type": ["string", "null"]},
    "attempts": {"type": "integer"}, "verdict": {"type": "string"}, "trace": {"type": "string"},
    "received_at": {"type": "string", "format": "date-time"}, "finished_at": {"type": ["string", "null"], "format": "date-time"},
    "lane": {"type": "string"}, "dedupe_key": {"type": ["string", "null"]}, "effect": {"type": "array"},
    "method": {"type": "string"}, "path": {"type": "string"}, "query": {"type": "string"}, "headers": {"type": "object"},
    "body": {"type": "string", "description": "As text when it is UTF-8"},
    "body_base64": {"type": "string", "description": "Otherwise"}}})";
constexpr const char* kTraceId = R"({"type": "string", "pattern": "^[0-9a-f]{32}$"})";
constexpr const char* kPeriod =
    R"({"type": "object", "additionalProperties": false, "required": ["from", "to"], "properties": {
    "from": {"type": "integer", "minimum": 0, "description": "Unix milliseconds"},
    "to": {"type": "integer", "minimum": 0, "description": "Unix milliseconds, excluded"},
    "integration": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
    "profile": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}}})";

json shown(const hooks::InboxEntry& entry, const std::string& language) {
  const json owner = to_string_id(entry.row.integration);
  json out = {{"id", to_string_id(entry.row.id)},
              {"integration", entry.row.of_profile ? json() : owner},
              {"profile", entry.row.of_profile ? owner : json()},
              {"plugin", entry.row.plugin},
              {"route", entry.row.route},
              {"state", entry.state},
              {"reason", words_in(language, entry.reason)},
              {"attempts", entry.row.attempts},
              {"verdict", entry.row.verdict},
              {"trace", entry.row.trace},
              {"received_at", time_of(entry.row.received_at)},
              {"finished_at", entry.finished_at == 0 ? json() : json(time_of(entry.finished_at))},
              {"lane", entry.row.lane},
              {"dedupe_key", entry.row.dedupe_key ? json(*entry.row.dedupe_key) : json()}};
  out["effect"] = entry.effect.empty() ? json::array() : json::parse(entry.effect);
  return out;
}

json shown_whole(const hooks::InboxEntry& entry, const std::string& language) {
  auto out = shown(entry, language);
  out.update(json::parse(entry.row.request));
  if (is_valid_utf8(entry.row.body))
    out["body"] = entry.row.body;
  else
    out["body_base64"] = crypto::to_base64(entry.row.body);
  return out;
}

Error missing(Id id) {
  return Error(Code::not_found, Text("web.no_inbox_entry", {{"id", to_string_id(id)}}));
}

}  // namespace

void InboxApi::add_to(Router& router) {
  router.component("InboxEntry", kEntry);
  const std::string entry = R"({"$ref": "#/components/schemas/InboxEntry"})";
  const std::string path = "/api/v1/inbox";
  router.add(
      Operation::read_inbox, Verb::get, path, bound(this, &InboxApi::list),
      Doc("List stored webhooks")
          .query("state", "Only in this state", R"({"type": "string", "enum": ["new", "done", "dead"]})")
          .query("integration", "Only of this integration", Doc::kId)
          .query("profile", "Only what came to routes of this profile", Doc::kId)
          .query("trace", "Only what has this trace id: the 32 digits that log lines and messages show",
                 kTraceId)
          .lists(entry));
  router.add(
      Operation::read_inbox, Verb::get, path + "/{id}", bound(this, &InboxApi::show),
      Doc("Show a stored webhook with headers and body").answers(200, "The request", entry).errors({404}));
  router.add(Operation::manage_inbox, Verb::post, path + "/{id}/replay", bound(this, &InboxApi::replay),
             Doc("Process one again")
                 .json(R"({"type": "object"})")
                 .optional()
                 .answers(200, "The request", entry)
                 .errors({404, 409}));
  router.add(Operation::manage_inbox, Verb::post, path + "/{id}/discard", bound(this, &InboxApi::discard),
             Doc("Give one up")
                 .json(R"({"type": "object"})")
                 .optional()
                 .answers(200, "The request", entry)
                 .errors({404, 409}));
  router.add(Operation::manage_inbox, Verb::post, path + "/replay", bound(this, &InboxApi::replay_period),
             Doc("Process the dead letters of a period again")
                 .json(kPeriod)
                 .answers(200, "How many",
                          R"({"type": "object", "properties": {"replayed": {"type": "integer"}}})"));
}

asio::awaitable<Response> InboxApi::list(Call call) {
  const auto page = call.page();
  hooks::Inbox::Filter filter;
  filter.state = call.query("state").value_or("");
  filter.integration = call.query_id("integration");
  if (const auto profile = call.query_id("profile")) filter.integration = profile;
  filter.trace = call.query("trace").value_or("");
  filter.after = page.after;
  filter.limit = static_cast<std::int64_t>(page.limit) + 1;
  auto found = co_await inbox_.list(std::move(filter));
  co_return answer_page(
      std::move(found), page,
      [language = call.language()](const auto& entry) { return shown(entry, language); },
      [](const auto& entry) { return entry.row.id; });
}

asio::awaitable<Response> InboxApi::show_again(Id id, std::string language) {
  const auto found = co_await inbox_.get(id);
  if (!found) throw missing(id);
  co_return answer(200, shown_whole(*found, language));
}

asio::awaitable<Response> InboxApi::show(Call call) {
  co_return co_await show_again(call.id(), call.language());
}

asio::awaitable<Response> InboxApi::replay(Call call) {
  const auto id = call.id();
  const auto before = co_await inbox_.get(id);
  if (!before) throw missing(id);
  const bool opened = co_await inbox_.replay(id);
  if (!opened) throw Error(Code::conflict, Text("web.inbox_open", {{"id", to_string_id(id)}}));
  co_return co_await show_again(id, call.language());
}

asio::awaitable<Response> InboxApi::discard(Call call) {
  const auto id = call.id();
  const auto before = co_await inbox_.get(id);
  if (!before) throw missing(id);
  const bool ended = co_await inbox_.discard(id, call.who.name);
  if (!ended) throw Error(Code::conflict, Text("web.inbox_ended", {{"id", to_string_id(id)}}));
  co_return co_await show_again(id, call.language());
}

asio::awaitable<Response> InboxApi::replay_period(Call call) {
  const auto from = TimePoint(std::chrono::milliseconds(call.json().at("from").get<std::int64_t>()));
  const auto to = TimePoint(std::chrono::milliseconds(call.json().at("to").get<std::int64_t>()));
  auto owner = parse_id(call.json().value("integration", ""));
  if (call.json().contains("profile")) owner = parse_id(call.json().at("profile").get<std::string>());
  const auto count = co_await inbox_.replay_period(owner, from, to);
  const json body = {{"replayed", count}};
  co_return answer(200, body);
}

}  // namespace patchbay::web
