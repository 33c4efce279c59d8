#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/settings/settings.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/settings, with the files of those that hold one. All references outlive the router.
class SettingsApi {
 public:
  SettingsApi(domain::settings::Settings& settings, store::Store& store, const Clock& clock, IdMint& ids)
      : settings_(settings), store_(store), clock_(clock), ids_(ids) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> upload(Call call);
  boost::asio::awaitable<Response> download(Call call);

  domain::settings::Settings& settings_;
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
};

}  // namespace patchbay::web
