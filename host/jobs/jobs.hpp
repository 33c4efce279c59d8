#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "jobs/job.hpp"
#include "store/store.hpp"

namespace patchbay::jobs {

// The jobs for API, console and command line: look, run now, pause, resume, reset (JOB-4). Works on any host;
// the one that runs the integration hears of it within a second. Any thread.
class Jobs {
 public:
  // `touched`: called after a change (Scheduler::look), may be empty.
  Jobs(store::Store& store, const Clock& clock, std::function<void()> touched = {});

  struct Filter {
    std::optional<Id> integration;  // nothing: of every one
    Id after = 0;                   // the last id of the page before
    std::int64_t limit = 100;
  };
  // By id.
  boost::asio::awaitable<std::vector<Job>> list(Filter filter);
  boost::asio::awaitable<std::optional<Job>> find(Id id);
  // The newest first; `before`: 0 or the last id of the page before.
  boost::asio::awaitable<std::vector<Run>> runs(Id job, Id before, std::int64_t limit);
  // The run under way, else the last one; one for each of `jobs` that has had any.
  boost::asio::awaitable<std::vector<Run>> last_runs(std::vector<Id> jobs);

  // Each answers false when there is no such job. Repeating is harmless.
  // Due at once. While a run is under way another follows it; a paused job waits until it is resumed.
  boost::asio::awaitable<bool> run_now(Id id);
  // The run under way ends after its page; the next begins when resumed.
  boost::asio::awaitable<bool> pause(Id id);
  boost::asio::awaitable<bool> resume(Id id);
  // Forgets the checkpoint: the next run begins from nothing. The run under way can store nothing more.
  boost::asio::awaitable<bool> reset(Id id);

 private:
  boost::asio::awaitable<bool> change(std::string assignments, store::Values values, Id id);

  store::Store& store_;
  const Clock& clock_;
  const std::function<void()> touched_;
};

}  // namespace patchbay::jobs
