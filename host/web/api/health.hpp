#pragma once

#include "supervisor/fleet.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/health: how the running integrations and their workers are (HOST-8). The fleet outlives the router.
class HealthApi {
 public:
  explicit HealthApi(supervisor::Fleet& fleet) : fleet_(fleet) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);

  supervisor::Fleet& fleet_;
};

}  // namespace patchbay::web
