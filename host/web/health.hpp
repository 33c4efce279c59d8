#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/text.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// One thing that must work before traffic may come ("store", "hooks").
class ReadyCheck {
 public:
  ReadyCheck(std::string name_, bool ok_, Text reason_ = {})
      : name(std::move(name_)), ok(ok_), reason(std::move(reason_)) {}
  std::string name;
  bool ok;
  Text reason;
};

// GET /healthz, public: 200 as long as requests are served at all. Asks nobody.
void add_liveness(Router& router);
// GET /readyz, public: 200 when every check is ok, else 503 with Retry-After; {"ready", "checks": [{name, ok,
// reason}]}.
void add_readiness(Router& router, std::function<boost::asio::awaitable<std::vector<ReadyCheck>>()> checks);
// GET /metrics: Prometheus' text format, as `render` returns it.
void add_metrics(Router& router, Operation operation,
                 std::function<boost::asio::awaitable<std::string>()> render);
// GET /api/v1/openapi.json, public. Call it after all other routes.
void add_openapi(Router& router, std::string version, SiteAddress site);

}  // namespace patchbay::web
