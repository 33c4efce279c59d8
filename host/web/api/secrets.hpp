#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// "secrets" and "former_secrets" of an integration or a profile, which `scope` says: names, and times until
// when routes accept what they were before.
nlohmann::json shown_secrets(store::Session& session, const vault::Vault& vault, const std::string& scope,
                             Id owner);

// /api/v1/secrets: the master key (ACC-4). Secrets themselves are never shown. All references outlive the
// router.
class SecretsApi {
 public:
  // `known`: throws when not every host has the key with that id.
  SecretsApi(vault::Vault& vault, store::Store& store, const Clock& clock, IdMint& ids,
             std::function<boost::asio::awaitable<void>(std::string key)> known)
      : vault_(vault), store_(store), clock_(clock), ids_(ids), known_(std::move(known)) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> rotate(Call call);

  vault::Vault& vault_;
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
  const std::function<boost::asio::awaitable<void>(std::string key)> known_;
};

}  // namespace patchbay::web
