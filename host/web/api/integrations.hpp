#pragma once

#include "hooks/self_test.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/integrations.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/integrations. All references outlive the router.
class IntegrationsApi {
 public:
  IntegrationsApi(lifecycle::Lifecycle& lifecycle, store::Store& store, const vault::Vault& vault,
                  hooks::SelfTest& self_test)
      : lifecycle_(lifecycle), store_(store), vault_(vault), self_test_(self_test) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> check(Call call);
  boost::asio::awaitable<Response> self_test(Call call);
  boost::asio::awaitable<Response> activate(Call call);
  boost::asio::awaitable<Response> deactivate(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> finish(Call call);
  boost::asio::awaitable<Response> choices(Call call);
  boost::asio::awaitable<Response> step(Call call);
  boost::asio::awaitable<Response> advance(Call call);
  boost::asio::awaitable<Response> answer_with(int status, plugin::Integration integration,
                                               std::string language);
  boost::asio::awaitable<void> require_own(Id id);

  lifecycle::Lifecycle& lifecycle_;
  store::Store& store_;
  const vault::Vault& vault_;
  hooks::SelfTest& self_test_;
  plugin::Integrations table_;
};

}  // namespace patchbay::web
