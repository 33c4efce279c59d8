#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "cluster/owned.hpp"
#include "log/log.hpp"
#include "outbox/channels.hpp"
#include "outbox/effects.hpp"
#include "plugin/caller.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// Sends what the outbox holds (OUT-1 to OUT-3): one lane after another in order, lanes beside each other, the
// oldest first. An item is marked `sending` durably before its channel is called; one found so after a crash
// counts as sent with unknown outcome and is settled as the channel's manifest says (same key again, lookup,
// else uncertain), never repeated blindly. Declared rates are kept, 429s pause their scope only, a provider
// that is down is left alone for a while, and an integration that is not connected keeps its items. One a
// store.
class Dispatcher {
 public:
  struct Options {
    Options(Clock& c, store::Store& s, plugin::Caller& p, Channels& h, Effects& e)
        : clock(c), store(s), caller(p), channels(h), effects(e) {}

    Clock& clock;  // all of these outlive the dispatcher
    store::Store& store;
    plugin::Caller& caller;
    Channels& channels;
    Effects& effects;
    const cluster::Owned* owned =
        nullptr;                     // items of other integrations are another host's; none: all are ours
    std::function<double()> jitter;  // 0..1 for each wait; empty: random
    Duration sweep{1000};            // looks for items that nobody announced
    Duration call_timeout{120'000};  // without the time that the files of a message need
    int in_flight = 16;              // calls of one integration at a time
  };

  Dispatcher(boost::asio::any_io_executor executor, Options options, log::Logger logger);
  ~Dispatcher();  // after stop()
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void start();
  // This item, and perhaps more of its lane after it, have been committed. Any thread.
  void wake(const Item& item);
  // Another host has committed items of integrations of this one. Any thread.
  void look();
  // The integration was connected, or its instance is back: what waited for that goes on now. Pauses that the
  // provider asked for stay. Any thread.
  void wake(Id integration);
  // Nothing new goes out; waits up to `grace` for the answers to what is on its way, then leaves it
  // unsettled.
  boost::asio::awaitable<void> stop(Duration grace);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace patchbay::outbox
