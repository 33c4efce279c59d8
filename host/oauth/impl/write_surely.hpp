#pragma once

#include <atomic>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::oauth {

// Nothing of what a provider has done may be lost, so the store is asked until it answers, or until the host
// is `stopping`. `work` may run again after it has been committed, since a lost answer looks like a failure.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work&, store::Session&>> write_surely(
    store::Store& store, Clock& clock, const log::Logger& logger, const std::atomic<bool>& stopping,
    Work work) {
  constexpr Duration kPause{500};
  for (bool first = true;; first = false) {
    try {
      co_return co_await store.write(work);
    } catch (const Error& error) {
      if (error.code() != Code::unavailable || stopping) throw;
      if (first) logger.warn("what a provider granted cannot be stored yet", {{"error", error.what()}});
    }
    co_await clock.sleep(kPause);
  }
}

}  // namespace patchbay::oauth
