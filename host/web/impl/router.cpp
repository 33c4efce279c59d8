#include "web/router.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "base/joined.hpp"
#include "hooks/form.hpp"
#include "schema/nearest.hpp"
#include "web/gate.hpp"
#include "web/impl/json_body.hpp"
#include "web/impl/route_table.hpp"
#include "web/problem.hpp"

namespace patchbay::web {
namespace {

constexpr std::size_t kMaxLimit = 500;

Error wrong_parameter(std::string_view name, Text summary) {
  Error error(Code::invalid, Text("web.wrong_parameter", {{"name", std::string(name)}}));
  error.add(Diagnostic("/" + std::string(name), std::move(summary)));
  return error;
}

// What is not declared would be ignored, and a mistyped filter would show everything.
void check_query(const Router::Route& route, const Call::Fields& query) {
  for (const auto& [name, value] : query) {
    const auto& known = route.query_names;
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      const auto check = route.query_checks.find(name);
      if (check == route.query_checks.end()) continue;
      const auto findings = check->second.check(value);
      if (!findings.empty()) throw wrong_parameter(name, findings.front().summary);
      continue;
    }
    const auto near = schema::nearest(name, known);
    if (near.empty()) throw wrong_parameter(name, Text("web.unknown_parameter"));
    throw wrong_parameter(name, Text("web.unknown_parameter_nearest", {{"nearest", near}}));
  }
}

std::shared_ptr<const nlohmann::json> checked_json(const Router::Route& route, const Request& request) {
  if (request.body.empty() && !route.doc.body_required) {
    return std::make_shared<const nlohmann::json>(nlohmann::json::object());
  }
  auto value = parse_json_body(request.body);
  schema::throw_if_any(route.body_schema->check(value), Text("web.invalid_body"));
  return std::make_shared<const nlohmann::json>(std::move(value));
}

void check_type(const Router::Route& route, const Request& request) {
  const bool empty = request.body.empty() && request.stream == nullptr;
  if (empty && !route.doc.body_required) return;
  const auto type = request.headers.get("content-type");
  if (is_json_type(type)) return;
  throw StatusError(415, Text("web.not_json", {{"type", type.empty() ? "-" : std::string(type)}}));
}

Credentials credentials_of(const Request& request, Verb verb) {
  const auto& headers = request.headers;
  return Credentials(std::string(headers.get("authorization")), std::string(request.cookie(kSessionCookie)),
                     std::string(headers.get("x-csrf-token")), verb != Verb::get, request.peer);
}

const std::string* find(const Call::Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return &value;
  }
  return nullptr;
}

// To whom the words help: who has a token needs a scope, and a person whoever grants operations.
Text why_denied(const Principal& who, Operation operation) {
  if (who.session != nullptr)
    return Text("web.denied_user", {{"operation", joined(granting_codes(operation))}});
  return Text("web.denied", {{"operation", std::string(operation_name(operation))}});
}

}  // namespace

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::get:
      return "GET";
    case Verb::post:
      return "POST";
    case Verb::put:
      return "PUT";
    case Verb::patch:
      return "PATCH";
    case Verb::del:
      return "DELETE";
  }
  return {};
}

const std::string& Call::param(std::string_view name) const {
  if (const auto* value = find(params_, name)) return *value;
  throw std::logic_error("the path has no {" + std::string(name) + "}");
}

Id Call::id(std::string_view name) const {
  const auto& text = param(name);
  if (const auto id = parse_id(text)) return *id;
  throw Error(Code::not_found, Text("base.not_found", {{"what", text.substr(0, 100)}}));
}

std::optional<std::string> Call::query(std::string_view name) const {
  const auto* value = find(query_, name);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<Id> Call::query_id(std::string_view name) const {
  const auto* value = find(query_, name);
  if (value == nullptr || value->empty()) return std::nullopt;
  if (const auto id = parse_id(*value)) return id;
  throw wrong_parameter(name, Text("web.not_an_id"));
}

std::size_t Call::limit() const {
  auto limit = Page().limit;
  const auto* given = find(query_, "limit");
  if (given == nullptr) return limit;
  const auto* end = given->data() + given->size();
  const auto [stop, error] = std::from_chars(given->data(), end, limit);
  if (error == std::errc() && stop == end && limit >= 1 && limit <= kMaxLimit) return limit;
  throw wrong_parameter("limit", Text("web.wrong_limit", {{"max", std::to_string(kMaxLimit)}}));
}

Page Call::page() const {
  Page page;
  page.limit = limit();
  if (const auto* cursor = find(query_, "cursor"); cursor != nullptr && !cursor->empty()) {
    const auto id = parse_id(*cursor);
    if (!id) throw wrong_parameter("cursor", Text("web.wrong_cursor"));
    page.after = *id;
  }
  return page;
}

std::string Call::language() const {
  return language_of(request.headers.get("accept-language"));
}

Response answer(int status, const nlohmann::json& body) {
  return Response(status, "application/json",
                  body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Response answer_list(nlohmann::json items, std::optional<Id> next) {
  nlohmann::json body;
  body["items"] = std::move(items);
  body["next"] = next ? nlohmann::json(to_string_id(*next)) : nlohmann::json();
  return answer(200, body);
}

Router::Router(Authenticator& authenticator, SiteAddress site)
    : authenticator_(authenticator), table_(std::make_unique<Table>()) {
  table_->site = std::move(site);
}

Router::~Router() = default;

void Router::add(Operation operation, Verb verb, std::string path, Handler handler, Doc doc) {
  for (const auto& route : table_->routes) {
    if (route.verb == verb && route.path == path) throw std::logic_error("route twice: " + path);
  }
  auto& route =
      table_->routes.emplace_back(operation, verb, std::move(path), std::move(handler), std::move(doc));
  for (const auto segment : split_path(route.path)) route.segments.emplace_back(segment);
  for (const auto& parameter : route.doc.parameters) {
    if (parameter.where != "query") continue;
    route.query_names.push_back(parameter.name);
    const auto schema = nlohmann::json::parse(parameter.schema);
    // Ids and numbers are read with words of their own.
    if (schema.at("type") == "string" && parameter.schema != Doc::kId)
      route.query_checks.emplace(parameter.name, schema::Schema::compile(schema, parameter.name));
  }
  if (route.doc.takes == Doc::Takes::json) {
    route.body_schema = schema::Schema::compile(nlohmann::json::parse(route.doc.body_schema), route.path);
  }
}

void Router::mount(std::string prefix, Application& application) {
  table_->mounts.emplace_back(std::move(prefix), &application);
}

void Router::fall_back_to(Application& application) {
  table_->rest = &application;
}

void Router::component(std::string name, std::string schema) {
  table_->components[std::move(name)] = std::move(schema);
}

std::vector<RouteInfo> Router::routes() const {
  std::vector<RouteInfo> all;
  for (const auto& route : table_->routes) all.emplace_back(route.operation, route.verb, route.path);
  return all;
}

BodyPlan Router::plan(const Request& head) {
  if (auto* other = table_->mounted(head.path())) return other->plan(head);
  const auto match = table_->find(head.method, head.path());
  return BodyPlan(match.route->doc.body_limit, true);
}

boost::asio::awaitable<Response> Router::handle(Request request) {
  if (auto* other = table_->mounted(request.path())) return other->handle(std::move(request));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (table_->rest != nullptr && reads && !table_->knows(request.path()))
    return table_->rest->handle(std::move(request));
  auto match = table_->find(request.method, request.path());
  return dispatch(std::move(request), *match.route, std::move(match.params));
}

// Who, then whether, then what: a stranger's body is not even read.
boost::asio::awaitable<Response> Router::dispatch(Request request, const Route& route, Call::Fields params) {
  Principal who;
  if (route.operation != Operation::none) {
    auto authenticating = authenticator_.authenticate(credentials_of(request, route.verb));
    who = co_await std::move(authenticating);
    who.address = request.peer;
    if (!who.operations.has(route.operation)) throw Error(Code::denied, why_denied(who, route.operation));
  }
  auto query = hooks::parse_form(request.query());
  check_query(route, query);
  std::shared_ptr<const nlohmann::json> json;
  if (route.doc.takes == Doc::Takes::json) {
    check_type(route, request);
    if (request.stream != nullptr) request.body = co_await request.stream->rest();
    request.stream = nullptr;
    json = checked_json(route, request);
  }
  Call call(std::move(request), std::move(who), std::move(params), std::move(query), std::move(json));
  co_return co_await route.handler(std::move(call));
}

}  // namespace patchbay::web
