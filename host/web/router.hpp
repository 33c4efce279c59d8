#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>

#include "base/id.hpp"
#include "base/site_address.hpp"
#include "web/access.hpp"
#include "web/doc.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

enum class Verb { get, post, put, patch, del };
std::string_view verb_name(Verb verb);  // "DELETE"

// Which part of a list is wanted.
class Page {
 public:
  Id after = 0;  // items with an id above this one
  std::size_t limit = 100;
};

// One request that found its route, with everything that could be checked checked.
class Call {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  Call(Request request_, Principal who_, Fields params, Fields query,
       std::shared_ptr<const nlohmann::json> json)
      : request(std::move(request_)),
        who(std::move(who_)),
        params_(std::move(params)),
        query_(std::move(query)),
        json_(std::move(json)) {}

  Request request;
  Principal who;

  // "{id}" of the path, decoded.
  const std::string& param(std::string_view name) const;
  // The same as an id; throws Error{not_found} for what cannot be one.
  Id id(std::string_view name = "id") const;
  std::optional<std::string> query(std::string_view name) const;
  // Throws Error{invalid} that points at the parameter.
  std::optional<Id> query_id(std::string_view name) const;
  Page page() const;
  // Of lists whose cursors are no ids.
  std::size_t limit() const;
  // The body, valid by the route's schema.
  const nlohmann::json& json() const { return *json_; }
  std::string language() const;

 private:
  Fields params_;
  Fields query_;
  std::shared_ptr<const nlohmann::json> json_;
};

Response answer(int status, const nlohmann::json& body);
// {"items", "next"}: `next` is the id of the last item when there is more.
Response answer_list(nlohmann::json items, std::optional<Id> next);

// What a test walks through (ACC-3).
class RouteInfo {
 public:
  RouteInfo(Operation operation_, Verb verb_, std::string path_)
      : operation(operation_), verb(verb_), path(std::move(path_)) {}
  Operation operation;
  Verb verb;
  std::string path;
};

using Handler = std::function<boost::asio::awaitable<Response>(Call)>;

// A member of `api`, which outlives the router.
template <class Api>
Handler bound(Api* api, boost::asio::awaitable<Response> (Api::*method)(Call)) {
  return [api, method](Call call) { return (api->*method)(std::move(call)); };
}

// Routes by path. Filled by the composition root before the server starts, constant afterwards; then any
// thread.
class Router final : public Application {
 public:
  struct Route;

  // `authenticator` outlives the router. The path of `site` ("/app", may be empty) is taken off where a
  // request carries it.
  explicit Router(Authenticator& authenticator, SiteAddress site = {});
  ~Router() override;

  // `path`: "/api/v1/chats/{id}/messages". The operation is asked for before the body is read. Throws
  // std::logic_error for a route that is there already or whose schema is none.
  void add(Operation operation, Verb verb, std::string path, Handler handler, Doc doc);
  // What begins with `prefix` ("/hooks/") is somebody else's, who checks on his own. `application` outlives
  // the router.
  void mount(std::string prefix, Application& application);
  // Who gets what is read (GET, HEAD) where no route and no mount is. `application` outlives the router.
  void fall_back_to(Application& application);
  // A named schema for answers to refer to.
  void component(std::string name, std::string schema);
  std::vector<RouteInfo> routes() const;

  // OpenAPI 3.1 of all routes.
  std::string openapi(std::string_view version, std::string_view server_url) const;

  BodyPlan plan(const Request& head) override;
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  struct Table;
  boost::asio::awaitable<Response> dispatch(Request request, const Route& route, Call::Fields params);

  Authenticator& authenticator_;
  std::unique_ptr<Table> table_;
};

}  // namespace patchbay::web
