#pragma once

#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "domain/access/sessions.hpp"
#include "lifecycle/lifecycle.hpp"
#include "log/log.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::app {

// Columns that hold ids of files: what one of them names is in use.
std::vector<store::BlobUse> blob_uses();

// Takes away files that no message uses and drafts that nobody goes on with, a day after they came, old
// history, notifications, sessions and secrets whose time is over. Every hour, a little at a time, so that
// nothing waits for it. (Requests that ended long ago are the hooks dispatcher's own work.) All references
// outlive it.
class Upkeep {
 public:
  Upkeep(store::Store& store, const vault::Vault& vault, lifecycle::Lifecycle& lifecycle,
         domain::access::Sessions& sessions, Clock& clock, log::Logger logger)
      : store_(store),
        vault_(vault),
        lifecycle_(lifecycle),
        sessions_(sessions),
        clock_(clock),
        logger_(std::move(logger)) {}

  // Until cancelled.
  boost::asio::awaitable<void> run();
  // One round. Throws what the store throws.
  boost::asio::awaitable<void> tidy();

 private:
  store::Store& store_;
  const vault::Vault& vault_;
  lifecycle::Lifecycle& lifecycle_;
  domain::access::Sessions& sessions_;
  Clock& clock_;
  const log::Logger logger_;
};

}  // namespace patchbay::app
