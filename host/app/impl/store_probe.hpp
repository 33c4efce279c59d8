#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

namespace patchbay::app {

// Whether the store takes writes: a disk that is full or read-only still answers reads. Anybody may ask
// (/readyz), so it is tried every few seconds only. Any thread. Both references outlive it.
class StoreProbe {
 public:
  StoreProbe(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Why not; nothing when it does.
  boost::asio::awaitable<std::optional<Text>> fault();

 private:
  bool is_due();

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<std::chrono::nanoseconds> tried_;
  std::optional<Text> fault_;
};

}  // namespace patchbay::app
