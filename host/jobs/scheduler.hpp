#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "plugin/caller.hpp"
#include "plugin/integration.hpp"
#include "plugin/manifest.hpp"
#include "store/store.hpp"

namespace patchbay::jobs {

// Runs the jobs of the integrations that run on this host: one run of a job at a time (JOB-1), fair between
// integrations, with time limits, back-off and the pauses that providers ask for (JOB-3). Each run gets a
// lease that fences the runs before it, and the checkpoint that the last page stored; runs end by pages, so
// nothing is lost or repeated when one is broken off (JOB-2). Any thread.
class Scheduler {
 public:
  // What the runs say about their integration. Called on a thread of the host; return at once. May be empty.
  struct Reports {
    // The job does not do its work any more, and why (English).
    std::function<void(Id integration, const std::string& job, Code code, std::string text)> trouble;
    std::function<void(Id integration, const std::string& job)> well;
    std::function<void(Id integration, std::string text)> unauthenticated;
  };
  // All references outlive the scheduler.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    plugin::Caller& caller;
    metrics::Registry& metrics;
    log::Logger logger;
    Reports reports = {};
  };
  struct Options {
    Options() = default;
    std::size_t running = 32;         // at once
    std::size_t per_integration = 2;  // at once
    Duration budget{60'000};          // of a run, while others wait; it goes on in another
    Duration wind_down{5'000};        // for the page under way when a run is to end
    Duration look_every{1'000};
  };

  Scheduler(Parts parts, Options options);
  explicit Scheduler(Parts parts);
  // stop() must have been awaited, unless start() was never called.
  ~Scheduler();

  // Looks for what other hosts or the command line have changed, until stop().
  void start();
  // Ends every run as end() does.
  boost::asio::awaitable<void> stop();

  // The integration's instance runs here from now on. What ran elsewhere is fenced off. Repeating is
  // harmless.
  void begin(const plugin::Integration& integration, std::shared_ptr<const plugin::Manifest> manifest);
  // It does not any more: runs end after the page under way, or are cancelled; returns when none is left.
  boost::asio::awaitable<void> end(Id integration);

  // Somebody has changed jobs (Jobs): do not wait for the next look.
  void look();
  // Whether the run should begin another page; false: it ends, and the rest comes in a later run.
  bool goes_on(Id integration, const std::string& job, std::int64_t lease) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::jobs
