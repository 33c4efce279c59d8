#include <set>

#include <nlohmann/json.hpp>

#include "web/gate.hpp"
#include "web/impl/route_table.hpp"
#include "web/problem.hpp"

namespace patchbay::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kProblem = R"({
  "type": "object",
  "description": "RFC 9457",
  "required": ["type", "title", "status", "detail", "errors", "request_id"],
  "properties": {
    "type": {"type": "string", "description": "urn:patchbay:problem: and the code"},
    "title": {"type": "string"},
    "status": {"type": "integer"},
    "detail": {"type": "string", "description": "What failed and what to do, in the reader's language"},
    "code": {"type": "string", "description": "The id of the sentence in detail; the same in every language"},
    "errors": {"type": "array", "items": {
      "type": "object",
      "required": ["pointer", "detail"],
      "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer into the body, or / and a query parameter"},
        "detail": {"type": "string"}}}},
    "request_id": {"type": "string", "description": "The same as X-Request-Id: what to search the log for"}
  }})";

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// "get_chats_id_messages": stable as long as verb and path are.
std::string operation_id(const Router::Route& route) {
  std::string out = lower(verb_name(route.verb));
  for (const auto& segment : route.segments) {
    if (segment == "api" || segment == "v1") continue;
    out += '_';
    for (const char c : segment) {
      if (c != '{' && c != '}') out += c == '.' || c == '-' ? '_' : c;
    }
  }
  return out;
}

// The first word behind the version: what the routes of one kind have in common.
std::string tag_of(const Router::Route& route) {
  return route.segments.size() > 2 && route.segments[0] == "api" ? route.segments[2] : "service";
}

Json parameter(const std::string& name, const std::string& where, const std::string& about,
               const std::string& schema) {
  Json out;
  out["name"] = name;
  out["in"] = where;
  if (!about.empty()) out["description"] = about;
  out["required"] = where == "path";
  out["schema"] = Json::parse(schema);
  return out;
}

Json parameters(const Router::Route& route) {
  Json out = Json::array();
  std::set<std::string> described;
  for (const auto& entry : route.doc.parameters) {
    out.push_back(parameter(entry.name, entry.where, entry.about, entry.schema));
    if (entry.where == "path") described.insert(entry.name);
  }
  for (const auto& segment : route.segments) {
    if (segment.empty() || segment.front() != '{') continue;
    const auto name = segment.substr(1, segment.size() - 2);
    if (described.count(name) == 0) out.push_back(parameter(name, "path", {}, Doc::kId));
  }
  return out;
}

Json request_body(const Doc& doc) {
  Json out;
  out["required"] = doc.body_required;
  Json content = Json::object();
  if (doc.takes == Doc::Takes::json) content["schema"] = Json::parse(doc.body_schema);
  if (doc.body_type == "multipart/form-data") {
    content["schema"] = Json::parse(
        R"({"type":"object","required":["file"],"properties":{"file":{"type":"string","contentMediaType":"application/octet-stream"}}})");
  }
  out["content"][doc.body_type] = std::move(content);
  return out;
}

std::set<int> error_statuses(const Router::Route& route) {
  std::set<int> out(route.doc.all_errors.begin(), route.doc.all_errors.end());
  if (route.operation != Operation::none) out.insert({401, 403, 429});
  if (!route.query_names.empty()) out.insert(422);
  if (route.doc.takes == Doc::Takes::json) out.insert({400, 413, 415, 422});
  if (route.doc.takes == Doc::Takes::stream) out.insert({400, 413, 415});
  if (route.path.find('{') != std::string::npos) out.insert(404);
  out.insert({500, 503});
  return out;
}

Json responses(const Router::Route& route) {
  Json out = Json::object();
  for (const auto& answer : route.doc.all_answers) {
    auto& entry = out[std::to_string(answer.status)];
    entry["description"] = answer.about;
    if (answer.type.empty()) continue;
    entry["content"][answer.type] = Json::object();
    if (!answer.schema.empty()) entry["content"][answer.type]["schema"] = Json::parse(answer.schema);
  }
  for (const int status : error_statuses(route)) {
    const auto key = std::to_string(status);
    if (out.contains(key)) continue;
    out[key]["description"] = reason_of(status);
    out[key]["content"]["application/problem+json"]["schema"]["$ref"] = "#/components/schemas/Problem";
  }
  return out;
}

Json operation(const Router::Route& route) {
  Json out;
  out["operationId"] = operation_id(route);
  out["tags"] = {tag_of(route)};
  out["summary"] = route.doc.summary;
  if (!route.doc.description.empty()) out["description"] = route.doc.description;
  out["x-operation"] = operation_name(route.operation);
  out["security"] = Json::array();
  if (route.operation != Operation::none) {
    for (const auto* scheme : {"bearer", "session"}) {
      Json one;
      one[scheme] = Json::array();
      out["security"].push_back(std::move(one));
    }
  }
  if (auto all = parameters(route); !all.empty()) out["parameters"] = std::move(all);
  if (route.doc.takes != Doc::Takes::nothing) out["requestBody"] = request_body(route.doc);
  out["responses"] = responses(route);
  return out;
}

}  // namespace

std::string Router::openapi(std::string_view version, std::string_view server_url) const {
  Json out;
  out["openapi"] = "3.1.0";
  out["info"]["title"] = "Patchbay";
  out["info"]["version"] = version;
  out["info"]["description"] =
      "Integration host. Ids are strings. Lists are ordered by id: pass \"next\" as \"cursor\". Times are "
      "RFC 3339, UTC.";
  if (!server_url.empty()) {
    Json server;
    server["url"] = server_url;
    out["servers"] = Json::array({std::move(server)});
  }
  out["paths"] = Json::object();
  for (const auto& route : table_->routes)
    out["paths"][route.path][lower(verb_name(route.verb))] = operation(route);
  auto& schemas = out["components"]["schemas"];
  schemas["Problem"] = Json::parse(kProblem);
  for (const auto& [name, schema] : table_->components) schemas[name] = Json::parse(schema);
  out["components"]["securitySchemes"]["bearer"] = {{"type", "http"}, {"scheme", "bearer"}};
  out["components"]["securitySchemes"]["session"] = {
      {"type", "apiKey"},
      {"in", "cookie"},
      {"name", kSessionCookie},
      {"description", "What changes something also needs the session's csrf_token in X-CSRF-Token"}};
  return out.dump(2);
}

}  // namespace patchbay::web
