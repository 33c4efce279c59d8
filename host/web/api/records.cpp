#include "web/api/records.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/sessions.hpp"
#include "web/api/shown.hpp"
#include "web/impl/json_body.hpp"
#include "web/precondition.hpp"
#include "web/problem.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::records::Asker;
using domain::records::Author;
using domain::records::Change;
using domain::records::ExternalName;
using domain::records::Query;
using domain::records::Shown;
using domain::records::Source;
using domain::records::Upsert;
using domain::records::Upserted;
using nlohmann::json;

namespace {

constexpr const char* kRecord =
    R"({"type": "object", "required": ["id", "object", "version", "fields", "missing", "created_at", "created_by", "updated_at", "updated_by"], "properties": {
    "id": {"type": "string"}, "object": {"type": "string"}, "version": {"type": "integer", "description": "Its ETag"},
    "fields": {"type": "object", "description": "Values by the field's code; what is empty is absent. Lists of text, e-mail and telephone have {value, kind}"},
    "missing": {"type": "array", "items": {"type": "string"}, "description": "Required fields that hold nothing: a person who edits is asked for them"},
    "sources": {"type": "array", "description": "What it is called elsewhere; not in lists", "items": {"type": "object", "required": ["source", "external_id"], "properties": {
      "source": {"type": "string"}, "external_id": {"type": "string"}}}},
    "created_at": {"type": "string", "format": "date-time"}, "created_by": {"type": "string"},
    "updated_at": {"type": "string", "format": "date-time"}, "updated_by": {"type": "string"}}})";
constexpr const char* kChange =
    R"({"type": "object", "required": ["id", "at", "actor", "action", "version", "changes"], "properties": {
    "id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}, "actor": {"type": "string"},
    "action": {"type": "string", "enum": ["change", "remove", "merge"]}, "version": {"type": "integer"},
    "changes": {"type": "object", "description": "{\"<code>\": {\"old\", \"new\"}}"}}})";
constexpr const char* kFields =
    R"({"type": "object", "additionalProperties": false, "required": ["fields"], "properties": {
    "fields": {"type": "object", "maxProperties": 500, "description": "Values by the field's code; null empties"}}})";
constexpr const char* kMerge =
    R"({"type": "object", "additionalProperties": false, "required": ["other"], "properties": {
    "other": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}}})";
constexpr const char* kUpsert =
    R"({"type": "object", "additionalProperties": false, "required": ["source", "items"], "properties": {
    "source": {"type": "string", "maxLength": 1000}, "items": {"type": "array", "maxItems": 500, "items": {
      "type": "object", "additionalProperties": false, "required": ["external_id", "fields"], "properties": {
      "external_id": {"type": "string", "maxLength": 1000}, "fields": {"type": "object", "maxProperties": 500},
      "version": {"type": "integer", "minimum": 0, "description": "That is to be changed, else the item is refused; 0: only a new one"}}}}}})";
constexpr const char* kUpserted =
    R"({"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": {
    "type": "object", "required": ["external_id", "outcome", "id", "version", "error"], "properties": {
    "external_id": {"type": "string"}, "outcome": {"type": "string", "enum": ["created", "changed", "unchanged", "refused"]},
    "id": {"type": ["string", "null"]}, "version": {"type": ["integer", "null"]},
    "error": {"description": "null, or a problem as of RFC 9457; its pointers are within the item"}}}}}})";
constexpr std::uint64_t kUpsertBody = 8u << 20;
constexpr const char* kObject = "Code of the object: contact, case, ...";

json shown(const Shown& one) {
  auto out = to_json(one.record);
  out["missing"] = one.missing;
  return out;
}

Response answer_record(int status, const Shown& one) {
  auto body = shown(one);
  body["sources"] = json::array();
  for (const auto& name : one.names)
    body["sources"].push_back({{"source", name.source}, {"external_id", name.id}});
  auto response = answer(status, body);
  add_etag(response, one.record.version);
  return response;
}

json shown(const Change& change) {
  return {{"id", to_string_id(change.id)}, {"at", time_of(change.at)},  {"actor", change.actor},
          {"action", change.action},       {"version", change.version}, {"changes", change.changes}};
}

json shown(const Upserted& one, const std::string& language, const std::string& request) {
  json out = {{"external_id", one.external_id},
              {"outcome", one.outcome},
              {"id", nullptr},
              {"version", nullptr},
              {"error", nullptr}};
  if (one.shown) {
    out["id"] = to_string_id(one.shown->record.id);
    out["version"] = one.shown->record.version;
  }
  if (one.error) out["error"] = json::parse(problem(*one.error, language, request).body);
  return out;
}

json filter_of(const Call& call) {
  const auto text = call.query("filter").value_or("");
  if (text.empty()) return json::object();
  auto filter = parse_json_body(text);
  if (filter.is_object()) return filter;
  Error error(Code::invalid, Text("web.wrong_parameter", {{"name", "filter"}}));
  throw error.add(Diagnostic("/filter", Text("web.not_an_object")));
}

Query query_of(const Call& call) {
  Query query;
  query.filter = filter_of(call);
  query.search = call.query("search").value_or("");
  query.order = call.query("order").value_or("");
  query.cursor = call.query("cursor").value_or("");
  query.limit = call.limit();
  return query;
}

}  // namespace

Asker asker_of(const Call& call) {
  const auto* session = call.who.session.get();
  const Author author(call.who.name, session == nullptr ? Source::outside : Source::person);
  if (session == nullptr) return Asker(author, 0, true);
  return Asker(author, call.who.id, session->operations.contains("CanManageAdministration"));
}

void RecordsApi::add_to(Router& router) {
  router.component("Record", kRecord);
  router.component("RecordChange", kChange);
  const std::string record = R"({"$ref": "#/components/schemas/Record"})";
  const std::string path = "/api/v1/records/{object}";
  router.add(
      Operation::read_records, Verb::get, path, bound(this, &RecordsApi::list),
      Doc("List records")
          .about("A page may have fewer items than its limit and still a next one: go on until next is null.")
          .path("object", kObject)
          .query("filter",
                 "JSON: {\"state\": \"new\"}; a list: one of its values; null: empty; {\"from\", \"above\", "
                 "\"to\", \"below\", \"starts\"}: a range")
          .query("search", "Words, each of which a word of a searchable field begins with")
          .query("order", "id (as it comes), updated_at, or the code of a field; - before it: the other way")
          .query("source", "Only the record that this source calls external_id")
          .query("external_id", "Together with source")
          .lists(record)
          .errors({404, 409}));
  router.add(Operation::read_records, Verb::get, path + "/{id}", bound(this, &RecordsApi::show),
             Doc("Show a record")
                 .about("One that was merged into another answers as that.")
                 .path("object", kObject)
                 .answers(200, "The record", record)
                 .errors({404}));
  router.add(Operation::read_records, Verb::get, path + "/{id}/history", bound(this, &RecordsApi::history),
             Doc("List the changes of a record, oldest first")
                 .path("object", kObject)
                 .lists(R"({"$ref": "#/components/schemas/RecordChange"})")
                 .errors({404}));
  add_changes_to(router);
}

void RecordsApi::add_changes_to(Router& router) {
  const std::string record = R"({"$ref": "#/components/schemas/Record"})";
  const std::string path = "/api/v1/records/{object}";
  router.add(Operation::write_records, Verb::post, path, bound(this, &RecordsApi::create),
             Doc("Add a record")
                 .path("object", kObject)
                 .json(kFields)
                 .answers(201, "The record", record)
                 .errors({404, 409}));
  router.add(Operation::write_records, Verb::patch, path + "/{id}", guarded(bound(this, &RecordsApi::change)),
             Doc("Change a record")
                 .about("Fields that are not named stay.")
                 .path("object", kObject)
                 .header("If-Match", kIfMatch)
                 .json(kFields)
                 .answers(200, "The record", record)
                 .errors({404, 409, 412, 428}));
  router.add(Operation::write_records, Verb::del, path + "/{id}", guarded(bound(this, &RecordsApi::remove)),
             Doc("Remove a record")
                 .about("Its history stays.")
                 .path("object", kObject)
                 .header("If-Match", kIfMatch)
                 .answers(204, "Removed")
                 .errors({404, 412, 428}));
  router.add(
      Operation::write_records, Verb::post, path + "/{id}/merge", guarded(bound(this, &RecordsApi::merge)),
      Doc("Merge another record into this one")
          .about(
              "What is empty here is filled from the other, lists are joined, links follow; the other's id "
              "answers as this record from then on.")
          .path("object", kObject)
          .header("If-Match", kIfMatch)
          .json(kMerge)
          .answers(200, "The record", record)
          .errors({404, 409, 412, 428}));
  router.add(
      Operation::write_records, Verb::post, path + "/upsert", bound(this, &RecordsApi::upsert),
      Doc("Add or change many records by what a source calls them")
          .about(
              "At most 500. Each stands or falls by itself; what is refused says why. Fields that an admin "
              "made required are not asked for.")
          .path("object", kObject)
          .json(kUpsert, kUpsertBody)
          .answers(200, "What became of each, in their order", kUpserted)
          .errors({404, 409}));
}

asio::awaitable<Response> RecordsApi::list(Call call) {
  const auto external = call.query("external_id");
  auto items = json::array();
  if (external) {
    ExternalName name(call.query("source").value_or(""), *external);
    auto asker = asker_of(call);
    const auto found = co_await records_.named(call.param("object"), std::move(name), std::move(asker));
    if (found) items.push_back(shown(*found));
    co_return answer_list(std::move(items), std::nullopt);
  }
  auto query = query_of(call);
  auto who = asker_of(call);
  const auto page = co_await records_.list(call.param("object"), std::move(query), std::move(who));
  for (const auto& one : page.items) items.push_back(shown(one));
  co_return answer(200, {{"items", std::move(items)}, {"next", or_null(page.next)}});
}

asio::awaitable<Response> RecordsApi::show(Call call) {
  auto who = asker_of(call);
  const auto found = co_await records_.get(call.param("object"), call.id(), std::move(who));
  co_return answer_record(200, found);
}

asio::awaitable<Response> RecordsApi::history(Call call) {
  const auto page = call.page();
  auto who = asker_of(call);
  auto found =
      co_await records_.history(call.param("object"), call.id(), std::move(who), page.after, page.limit + 1);
  co_return answer_page(std::move(found), page, [](const Change& change) { return shown(change); });
}

asio::awaitable<Response> RecordsApi::create(Call call) {
  const auto object = call.param("object");
  auto who = asker_of(call);
  const auto made = co_await records_.create(object, call.json().at("fields"), std::move(who));
  auto response = answer_record(201, made);
  response.headers.add("Location", "/api/v1/records/" + object + "/" + to_string_id(made.record.id));
  co_return response;
}

asio::awaitable<Response> RecordsApi::change(Call call) {
  const auto version = wanted_version(call);
  auto who = asker_of(call);
  const auto now = co_await records_.change(call.param("object"), call.id(), call.json().at("fields"),
                                            version, std::move(who));
  co_return answer_record(200, now);
}

asio::awaitable<Response> RecordsApi::remove(Call call) {
  auto who = asker_of(call);
  co_await records_.remove(call.param("object"), call.id(), wanted_version(call), std::move(who));
  co_return Response(204);
}

asio::awaitable<Response> RecordsApi::merge(Call call) {
  const auto version = wanted_version(call);
  const auto other = parse_id(call.json().at("other").get<std::string>()).value_or(0);
  auto who = asker_of(call);
  const auto now = co_await records_.merge(call.param("object"), call.id(), other, std::move(who), version);
  co_return answer_record(200, now);
}

asio::awaitable<Response> RecordsApi::upsert(Call call) {
  std::vector<Upsert> items;
  for (const auto& one : call.json().at("items")) {
    auto& item = items.emplace_back();
    item.external_id = one.at("external_id");
    item.fields = one.at("fields");
    if (one.contains("version")) item.version = one.at("version").get<std::int64_t>();
  }
  auto source = call.json().at("source").get<std::string>();
  auto who = asker_of(call);
  const auto done =
      co_await records_.upsert(call.param("object"), std::move(source), std::move(items), std::move(who));
  auto results = json::array();
  for (const auto& one : done) results.push_back(shown(one, call.language(), std::string(call.request.id())));
  co_return answer(200, {{"results", std::move(results)}});
}

}  // namespace patchbay::web
