#pragma once

#include "domain/settings/settings.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/settings. `settings` outlives the router.
class SettingsApi {
 public:
  explicit SettingsApi(domain::settings::Settings& settings) : settings_(settings) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);

  domain::settings::Settings& settings_;
};

}  // namespace patchbay::web
