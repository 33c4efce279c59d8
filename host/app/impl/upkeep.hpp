#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "hooks/inbox.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::app {

// Takes away what nobody needs any more: requests that ended long ago, files that no message uses. Every
// hour, a little at a time, so that nothing waits for it. All references outlive it.
class Upkeep {
 public:
  Upkeep(store::Store& store, hooks::Inbox& inbox, Clock& clock, int inbox_keep_days, log::Logger logger)
      : store_(store),
        inbox_(inbox),
        clock_(clock),
        inbox_keep_(inbox_keep_days),
        logger_(std::move(logger)) {}

  // Until cancelled.
  boost::asio::awaitable<void> run();
  // One round. Throws what the store throws.
  boost::asio::awaitable<void> tidy();

 private:
  store::Store& store_;
  hooks::Inbox& inbox_;
  Clock& clock_;
  const std::chrono::days inbox_keep_;
  const log::Logger logger_;
};

}  // namespace patchbay::app
