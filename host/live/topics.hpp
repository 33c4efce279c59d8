#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "live/topic.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::live {

class Bell;

// Somebody who wants to know when a topic has something new; until it is destroyed. It tells that, not what:
// whoever is told reads. Of one coroutine at a time, but for end().
class Subscription {
 public:
  class Place;  // among the others, which it leaves when it is destroyed

  Subscription(std::shared_ptr<Bell> bell, std::shared_ptr<Place> place, Clock& clock);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Waits until there may be something new since it last returned, at most so long. False: nothing was heard
  // of, which another host's word may make wrong: read all the same. Cancellable.
  boost::asio::awaitable<bool> wait(Duration most);
  // wait() returns now. Any thread.
  void wake();

 private:
  const std::shared_ptr<Bell> bell_;
  const std::shared_ptr<Place> place_;
  Clock& clock_;
};

// Ordered, durable logs of what happens, for whoever follows it: each topic's events have rising ids, are
// kept for a while, and are read after an id, so that a reader who comes back has missed nothing or is told
// so. Any thread; any number of hosts on one store.
class Topics {
 public:
  struct Options {
    Options() = default;
    Duration keep{7 * 24 * 3'600'000};    // an event, at least while there are not too many
    std::int64_t topic_events = 1'000;    // kept of one topic; the newest
    std::int64_t owner_events = 100'000;  // of one owner, all topics together; some more between two sweeps
    Duration look{500};                   // how often other hosts' events are looked for
    Duration tidy{300'000};               // how often old ones are swept
    Duration skew{30'000};                // by which hosts' clocks may differ for look
  };

  // Clock and store outlive it.
  Topics(boost::asio::any_io_executor executor, Clock& clock, store::Store& store, log::Logger logger,
         Options options);
  Topics(boost::asio::any_io_executor executor, Clock& clock, store::Store& store, log::Logger logger);
  // stop() must have been awaited if start() was called.
  ~Topics();

  // Durable when it returns, and told to subscribers on this host; those on others hear of it within a
  // second. Throws what the store throws.
  boost::asio::awaitable<Appended> append(Topic topic, Draft draft);
  // The same inside a transaction of the caller's, who calls tell() when that is committed.
  Appended append_in(store::Session& session, const Topic& topic, const Draft& draft) const;
  void tell(const Topic& topic, std::int64_t id);

  // At most `most` events after the id `after`; 0: from the first that is kept. Throws what the store throws.
  boost::asio::awaitable<Reading> read(Topic topic, std::int64_t after, std::int64_t most) const;
  // Subscribe first, then read: nothing falls in between. The subscription does not outlive this.
  std::unique_ptr<Subscription> subscribe(const Topic& topic);
  std::size_t subscriptions() const;

  // Looks for events of other hosts (PostgreSQL) and sweeps, until stop().
  void start();
  boost::asio::awaitable<void> stop();
  // One sweep: what is too old or too much goes.
  boost::asio::awaitable<void> tidy();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace patchbay::live
