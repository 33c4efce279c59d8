#pragma once

#include "base/clock.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/integrations.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/plugins and /api/v1/integrations. All references outlive the router.
class IntegrationsApi {
 public:
  IntegrationsApi(lifecycle::Lifecycle& lifecycle, const plugin::Catalogue& catalogue, store::Store& store)
      : lifecycle_(lifecycle), catalogue_(catalogue), store_(store) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list_plugins(Call call);
  boost::asio::awaitable<Response> show_plugin(Call call);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> check(Call call);
  boost::asio::awaitable<Response> activate(Call call);
  boost::asio::awaitable<Response> deactivate(Call call);

  lifecycle::Lifecycle& lifecycle_;
  const plugin::Catalogue& catalogue_;
  store::Store& store_;
  plugin::Integrations table_;
};

}  // namespace patchbay::web
