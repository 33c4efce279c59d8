#pragma once

#include <mutex>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {

// A key that the hosts of one store share and nobody else has: in the vault, made when it is first needed.
// Any thread. Store and vault outlive it.
class HostKey {
 public:
  // `name`: what it signs ("file_links").
  HostKey(store::Store& store, const vault::Vault& vault, std::string name)
      : store_(store), vault_(vault), name_(std::move(name)) {}

  // 32 random bytes as text. Throws what the store throws, until it was read once.
  boost::asio::awaitable<std::string> get();

 private:
  store::Store& store_;
  const vault::Vault& vault_;
  const std::string name_;
  std::mutex mutex_;
  std::string key_;
};

}  // namespace patchbay::plugin
