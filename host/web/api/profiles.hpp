#pragma once

#include "lifecycle/credentials.hpp"
#include "lifecycle/profile_routes.hpp"
#include "plugin/profiles.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/profiles: what integrations share. All references outlive the router.
class ProfilesApi {
 public:
  ProfilesApi(lifecycle::Credentials& credentials, const lifecycle::ProfileRoutes& routes,
              store::Store& store, const vault::Vault& vault)
      : credentials_(credentials), routes_(routes), store_(store), vault_(vault) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);

  nlohmann::json shown(const plugin::Profile& profile) const;
  boost::asio::awaitable<Response> answer_with(int status, plugin::Profile profile);

  lifecycle::Credentials& credentials_;
  const lifecycle::ProfileRoutes& routes_;
  store::Store& store_;
  const vault::Vault& vault_;
  plugin::Profiles table_;
};

}  // namespace patchbay::web
