#pragma once

#include "lifecycle/portable.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/setup: integrations and profiles as a document (SETUP-6). `portable` outlives the router.
class SetupApi {
 public:
  explicit SetupApi(lifecycle::Portable& portable) : portable_(portable) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> export_all(Call call);
  boost::asio::awaitable<Response> import(Call call);

  lifecycle::Portable& portable_;
};

}  // namespace patchbay::web
