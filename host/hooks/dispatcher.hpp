#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "cluster/owned.hpp"
#include "hooks/counters.hpp"
#include "hooks/effect_committer.hpp"
#include "hooks/inbox_row.hpp"
#include "log/log.hpp"
#include "plugin/caller.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

// Takes open rows of the inbox to their plugins and what comes back to the EffectCommitter. Rows of one lane
// go one after the other, lanes side by side. What was just accepted goes straight in; everything else (left
// over, replayed, more than fits in memory) is found by a sweep every second, which counts on nothing but the
// state in the database.
//
// What happens on the plugin's answer: OK and applied ends the row. UNAVAILABLE, RATE_LIMITED,
// UNAUTHENTICATED: the integration waits with back-off. INTERNAL and OUTCOME_UNKNOWN: some tries, then a dead
// letter; DEADLINE: the same with more tries. Meanwhile the lane waits; without a declared order the row is
// set aside and others pass. Everything else, and what is poison (port::Result): a dead letter with the
// reason.
class Dispatcher {
 public:
  struct Options {
    Options() = default;
    std::size_t calls_per_integration = 16;
    Duration call_timeout{10'000};
    Duration sweep_every{1'000};
    Duration first_wait{500};  // doubled each time, with jitter, up to:
    Duration longest_wait{60'000};
    std::size_t rows_in_memory = 4096;  // one integration: a quarter
    std::size_t bytes_in_memory = 64u << 20;
    std::size_t rows_per_lane = 64;
    std::size_t lanes_per_integration = 1024;
    Duration keep_done{7LL * 24 * 3600 * 1000};
    Duration tidy_every{3'600'000};
    std::int64_t tries = 5;
    std::int64_t tries_overdue =
        20;  // what takes too long: with the waits between, about a quarter of an hour
  };
  // All references outlive the dispatcher.
  struct Parts {
    Parts(store::Store& s, Clock& c, plugin::Caller& p, EffectCommitter& e, Counters& n)
        : store(s), clock(c), caller(p), effects(e), counters(n) {}
    store::Store& store;
    Clock& clock;
    plugin::Caller& caller;
    EffectCommitter& effects;
    Counters& counters;
    plugin::Caller* profiles = nullptr;  // asks for a profile what `caller` asks for an integration
    const cluster::Owned* owned =
        nullptr;  // rows of other integrations are another host's; none: all are ours
  };

  Dispatcher(Parts parts, boost::asio::any_io_executor io, log::Logger logger, Options options);
  Dispatcher(Parts parts, boost::asio::any_io_executor io, log::Logger logger);
  // stop() must have been awaited, unless start() was never called.
  ~Dispatcher();

  void start();
  // Cancels calls and waits for what is being committed. Rows that were under way stay open in the store.
  boost::asio::awaitable<void> stop();

  // Any thread: committed rows, in order (InboxCommitter::on_stored).
  void accepted(std::vector<InboxRow> rows);
  // Any thread: rows may have been committed that were not accepted (InboxCommitter::on_unsure). Until all
  // has been listed anew, lanes are read from the store, so that nothing passes them.
  void unsure();
  // Any thread: rows were opened again, do not wait for the next sweep.
  void wake();
  // Any thread: another host has stored rows of ours. However often it is called, sweeps are a fifth of the
  // time.
  void look();
  // Any thread: the integration runs (again), its back-off is over.
  void ready(Id integration);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::hooks
