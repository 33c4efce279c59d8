#include "web/health.hpp"

#include <mutex>

#include <memory>

#include <nlohmann/json.hpp>

namespace patchbay::web {
namespace {

using Render = std::function<boost::asio::awaitable<std::string>()>;
using Checks = std::function<boost::asio::awaitable<std::vector<ReadyCheck>>()>;

boost::asio::awaitable<Response> alive() {
  nlohmann::json body;
  body["status"] = "ok";
  co_return answer(200, body);
}

boost::asio::awaitable<Response> ready(Checks checks, std::string language) {
  const auto results = co_await checks();
  nlohmann::ordered_json body;
  bool all = true;
  auto list = nlohmann::ordered_json::array();
  for (const auto& check : results) {
    nlohmann::ordered_json entry;
    entry["name"] = check.name;
    entry["ok"] = check.ok;
    if (!check.reason.empty()) entry["reason"] = check.reason.in(language);
    list.push_back(std::move(entry));
    all = all && check.ok;
  }
  body["ready"] = all;
  body["checks"] = std::move(list);
  Response response(all ? 200 : 503, "application/json", body.dump());
  if (!all) response.headers.add("retry-after", "1");
  co_return response;
}

boost::asio::awaitable<Response> rendered(Render render) {
  auto rendering = render();
  auto text = co_await std::move(rendering);
  co_return Response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(text));
}

boost::asio::awaitable<Response> made(int status, std::string type, std::string body) {
  co_return Response(status, std::move(type), std::move(body));
}

}  // namespace

void add_liveness(Router& router) {
  router.add(
      Operation::none, Verb::get, "/healthz", [](const Call&) { return alive(); },
      Doc("Whether the host is alive").answers(200, "It is", R"({"type":"object"})"));
}

void add_readiness(Router& router, Checks checks) {
  router.add(
      Operation::none, Verb::get, "/readyz",
      [checks = std::move(checks)](const Call& call) { return ready(checks, call.language()); },
      Doc("Whether the host may get traffic")
          .answers(200, "It may", R"({"type":"object"})")
          .answers(503, "Not now; the checks say why", R"({"type":"object"})"));
}

void add_metrics(Router& router, Operation operation, Render render) {
  router.add(
      operation, Verb::get, "/metrics",
      [render = std::move(render)](const Call&) { return rendered(render); },
      Doc("Metrics for Prometheus").answers(200, "Text format 0.0.4", {}, "text/plain"));
}

namespace {

// Made anew when the address that stands in it is another one.
struct OpenApiText {
  std::mutex mutex;
  std::string address;
  std::string text;
};

}  // namespace

void add_openapi(Router& router, std::string version, SiteAddress site) {
  const auto kept = std::make_shared<OpenApiText>();
  router.add(
      Operation::none, Verb::get, "/api/v1/openapi.json",
      [kept, &router, version = std::move(version), site = std::move(site)](const Call&) {
        const std::lock_guard lock(kept->mutex);
        auto address = site.get();
        if (kept->text.empty() || kept->address != address) {
          kept->text = router.openapi(version, address);
          kept->address = std::move(address);
        }
        return made(200, "application/json", kept->text);
      },
      Doc("This document").answers(200, "OpenAPI 3.1", R"({"type":"object"})"));
}

}  // namespace patchbay::web
