#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::vault {

struct Rotated {
  std::string key;            // the id of the one that is used now
  std::int64_t secrets = 0;   // sealed anew
  std::int64_t damaged = 0;   // cannot be opened with any key: to be entered again
  bool old_key_kept = false;  // the key file cannot be written: whoever keeps it takes the old key out
};

// Replaces the master key while everything runs (ACC-4). `known` is asked when the new key is in the file and
// throws when not every host has it yet; calling rotate() again goes on where it was broken off, whenever
// that was.
boost::asio::awaitable<Rotated> rotate(Vault& vault, store::Store& store,
                                       std::function<boost::asio::awaitable<void>(std::string key)> known);

}  // namespace patchbay::vault
