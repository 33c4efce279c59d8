#include "web/api/objects.hpp"

#include <nlohmann/json.hpp>

#include "web/precondition.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::records::Field;
using domain::records::Lookup;
using domain::records::Object;
using nlohmann::json;

namespace {

#define PB_TITLE                                                                                     \
  R"({"description": "Words in each language, or one text for all", "anyOf": [{"type": "string"}, )" \
  R"({"type": "object", "additionalProperties": {"type": "string"}}]})"
#define PB_CODE R"("code": {"type": "string", "maxLength": 100})"
#define PB_FIELD                                                                                                                               \
  R"({"type": "object", "additionalProperties": false, "required": ["code"], "properties": {)" PB_CODE                                         \
  R"(, "type": {"type": "string", "description": "text, long_text, number, boolean, date, datetime, lookup, link, email, phone or address"},)" \
  R"("title": )" PB_TITLE                                                                                                                      \
  R"(, "required": {"type": "boolean", "description": "Asked for when a person edits; never stops what comes from outside"},)"                 \
  R"("unique": {"type": "boolean"},)"                                                                                                          \
  R"("searchable": {"type": "boolean", "description": "Records are found and sorted by it"},)"                                                 \
  R"("many": {"type": "boolean"}, "active": {"type": "boolean"}, "built_in": {"type": "boolean"},)"                                            \
  R"("default": {}, "target": {"type": "string", "description": "A lookup's code; an object's, user, chat or any"},)"                          \
  R"("mask": {"type": "string", "description": "Numbers itself: Inv-{0}, {0:5} with zeros to five digits"}}})"
#define PB_HOLDERS \
  R"({"type": "array", "maxItems": 1000, "items": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}})"
#define PB_OBJECT_REST                                                                                    \
  R"("title": )" PB_TITLE R"(, "fields": {"type": "array", "maxItems": 1000, "items": )" PB_FIELD R"(},)" \
  R"("readers": )" PB_HOLDERS R"(, "writers": )" PB_HOLDERS
#define PB_VALUE                                                                                       \
  R"({"type": "object", "additionalProperties": false, "required": ["code"], "properties": {)" PB_CODE \
  R"(, "title": )" PB_TITLE R"(, "active": {"type": "boolean"}, "built_in": {"type": "boolean"}}})"
#define PB_LOOKUP_REST \
  R"("title": )" PB_TITLE R"(, "values": {"type": "array", "maxItems": 2000, "items": )" PB_VALUE R"(})"

constexpr const char* kObject =
    R"({"type": "object", "required": ["code", "title", "fields", "readers", "writers", "built_in"], "properties": {"built_in": {"type": "boolean"}, )" PB_CODE
    "," PB_OBJECT_REST "}}";
constexpr const char* kNewObject =
    R"({"type": "object", "additionalProperties": false, "required": ["code", "title"], "properties": {)" PB_CODE
    "," PB_OBJECT_REST "}}";
constexpr const char* kObjectChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_OBJECT_REST "}}";
constexpr const char* kLookup =
    R"({"type": "object", "required": ["code", "title", "values", "built_in"], "properties": {"built_in": {"type": "boolean"}, )" PB_CODE
    "," PB_LOOKUP_REST "}}";
constexpr const char* kNewLookup =
    R"({"type": "object", "additionalProperties": false, "required": ["code", "title"], "properties": {)" PB_CODE
    "," PB_LOOKUP_REST "}}";
constexpr const char* kLookupChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_LOOKUP_REST "}}";
constexpr const char* kObjects =
    R"({"type": "object", "required": ["objects"], "properties": {"objects": {"type": "array", "items": {"$ref": "#/components/schemas/Object"}}}})";
constexpr const char* kLookups =
    R"({"type": "object", "required": ["lookups"], "properties": {"lookups": {"type": "array", "items": {"$ref": "#/components/schemas/Lookup"}}}})";

json shown(const Object& object) {
  auto out = to_json(object);
  out["built_in"] = object.built_in;
  for (std::size_t i = 0; i < object.fields.size(); ++i)
    out["fields"][i]["built_in"] = object.fields[i].built_in;
  return out;
}

json shown(const Lookup& lookup) {
  auto out = to_json(lookup);
  out["built_in"] = lookup.built_in;
  for (std::size_t i = 0; i < lookup.values.size(); ++i)
    out["values"][i]["built_in"] = lookup.values[i].built_in;
  return out;
}

// What is only shown may come back.
json given(const Call& call, const char* list) {
  auto body = call.json();
  if (body.contains(list)) {
    for (auto& one : body[list]) one.erase("built_in");
  }
  return body;
}

template <class Definition>
Response answer_with_etag(int status, const Definition& definition, const std::string& path = {}) {
  auto response = answer(status, shown(definition));
  if (!path.empty()) response.headers.add("Location", path + definition.code);
  add_etag(response, definition.version);
  return response;
}

}  // namespace

void ObjectsApi::add_to(Router& router) {
  router.component("Object", kObject);
  const std::string object = R"({"$ref": "#/components/schemas/Object"})";
  const std::string path = "/api/v1/objects";
  router.add(Operation::read_records, Verb::get, path, bound(this, &ObjectsApi::list),
             Doc("Show the kinds of records").answers(200, "All of them, with their fields", kObjects));
  router.add(Operation::manage_objects, Verb::post, path, bound(this, &ObjectsApi::create),
             Doc("Add a kind of records").json(kNewObject).answers(201, "The object", object).errors({409}));
  router.add(Operation::read_records, Verb::get, path + "/{code}", bound(this, &ObjectsApi::show),
             Doc("Show a kind of records")
                 .path("code", "Of the object")
                 .answers(200, "The object", object)
                 .errors({404}));
  router.add(
      Operation::manage_objects, Verb::patch, path + "/{code}", guarded(bound(this, &ObjectsApi::change)),
      Doc("Change a kind of records")
          .about("What is not named stays. Fields are found by their codes; others are added. In effect at "
                 "once on every host.")
          .path("code", "Of the object")
          .header("If-Match", kIfMatch)
          .json(kObjectChange)
          .answers(200, "The object", object)
          .errors({404, 409, 412, 428}));
  router.add(Operation::manage_objects, Verb::del, path + "/{code}",
             guarded(bound(this, &ObjectsApi::remove)),
             Doc("Remove a kind of records that was added and has none")
                 .path("code", "Of the object")
                 .header("If-Match", kIfMatch)
                 .answers(204, "Removed")
                 .errors({404, 409, 412, 428}));
  add_lookups_to(router);
}

void ObjectsApi::add_lookups_to(Router& router) {
  router.component("Lookup", kLookup);
  const std::string lookup = R"({"$ref": "#/components/schemas/Lookup"})";
  const std::string path = "/api/v1/lookups";
  router.add(Operation::read_records, Verb::get, path, bound(this, &ObjectsApi::lookups),
             Doc("Show the lookups").answers(200, "All of them, with their values", kLookups));
  router.add(Operation::manage_objects, Verb::post, path, bound(this, &ObjectsApi::create_lookup),
             Doc("Add a lookup").json(kNewLookup).answers(201, "The lookup", lookup).errors({409}));
  router.add(
      Operation::read_records, Verb::get, path + "/{code}", bound(this, &ObjectsApi::lookup),
      Doc("Show a lookup").path("code", "Of the lookup").answers(200, "The lookup", lookup).errors({404}));
  router.add(
      Operation::manage_objects, Verb::patch, path + "/{code}",
      guarded(bound(this, &ObjectsApi::change_lookup)),
      Doc("Change a lookup")
          .about("Its values are those that are given, in this order. A value that records hold can only be "
                 "made inactive.")
          .path("code", "Of the lookup")
          .header("If-Match", kIfMatch)
          .json(kLookupChange)
          .answers(200, "The lookup", lookup)
          .errors({404, 409, 412, 428}));
  router.add(Operation::manage_objects, Verb::del, path + "/{code}",
             guarded(bound(this, &ObjectsApi::remove_lookup)),
             Doc("Remove a lookup that was added and that no field points to")
                 .path("code", "Of the lookup")
                 .header("If-Match", kIfMatch)
                 .answers(204, "Removed")
                 .errors({404, 409, 412, 428}));
}

asio::awaitable<Response> ObjectsApi::list(Call) {
  auto all = json::array();
  const auto found = co_await objects_.objects();
  for (const auto& one : found) all.push_back(shown(one));
  co_return answer(200, {{"objects", std::move(all)}});
}

asio::awaitable<Response> ObjectsApi::create(Call call) {
  auto document = given(call, "fields");
  const auto made = co_await objects_.create_object(std::move(document), call.who.actor());
  co_return answer_with_etag(201, made, "/api/v1/objects/");
}

asio::awaitable<Response> ObjectsApi::show(Call call) {
  const auto found = co_await objects_.object(call.param("code"));
  co_return answer_with_etag(200, found);
}

asio::awaitable<Response> ObjectsApi::change(Call call) {
  const auto version = wanted_version(call);
  auto document = given(call, "fields");
  const auto now =
      co_await objects_.change_object(call.param("code"), std::move(document), version, call.who.actor());
  co_return answer_with_etag(200, now);
}

asio::awaitable<Response> ObjectsApi::remove(Call call) {
  co_await objects_.remove_object(call.param("code"), wanted_version(call), call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> ObjectsApi::lookups(Call) {
  auto all = json::array();
  const auto found = co_await objects_.lookups();
  for (const auto& one : found) all.push_back(shown(one));
  co_return answer(200, {{"lookups", std::move(all)}});
}

asio::awaitable<Response> ObjectsApi::create_lookup(Call call) {
  auto document = given(call, "values");
  const auto made = co_await objects_.create_lookup(std::move(document), call.who.actor());
  co_return answer_with_etag(201, made, "/api/v1/lookups/");
}

asio::awaitable<Response> ObjectsApi::lookup(Call call) {
  const auto found = co_await objects_.lookup(call.param("code"));
  co_return answer_with_etag(200, found);
}

asio::awaitable<Response> ObjectsApi::change_lookup(Call call) {
  const auto version = wanted_version(call);
  auto document = given(call, "values");
  const auto now =
      co_await objects_.change_lookup(call.param("code"), std::move(document), version, call.who.actor());
  co_return answer_with_etag(200, now);
}

asio::awaitable<Response> ObjectsApi::remove_lookup(Call call) {
  co_await objects_.remove_lookup(call.param("code"), wanted_version(call), call.who.actor());
  co_return Response(204);
}

}  // namespace patchbay::web
