#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "base/async_lock.hpp"
#include "base/task_scope.hpp"
#include "jobs/impl/decide.hpp"
#include "jobs/impl/job_table.hpp"
#include "jobs/impl/turns.hpp"
#include "jobs/scheduler.hpp"

namespace patchbay::jobs {

// A run under way.
struct Running {
  Running(Id id_, std::int64_t lease_, std::chrono::nanoseconds until_)
      : id(id_), lease(lease_), until(until_) {}

  const Id id;
  const std::int64_t lease;
  const std::chrono::nanoseconds until;  // the end of its budget, on the monotonic clock
  std::atomic<bool> winding_down = false;
  bool cancelled = false;
  boost::asio::cancellation_signal signal;  // on the scheduler's strand
  std::unique_ptr<Clock::Timer> limit;      // for winding down
};

// A job that this host runs.
struct Planned {
  Planned(Job j, plugin::JobSpec s) : job(std::move(j)), spec(std::move(s)) {}

  Job job;
  plugin::JobSpec spec;
  std::shared_ptr<Running> running;
  std::vector<Id> unsure;  // runs whose claim may have been stored
  bool busy = false;       // from its turn until the run is settled
  bool gone = false;       // not run here any more
  bool held = false;       // until somebody has signed in again, or asks for a run
};
using PlannedPtr = std::shared_ptr<Planned>;

// What runs here of one integration.
struct Work {
  std::shared_ptr<const plugin::Manifest> manifest;
  std::map<Id, PlannedPtr> jobs;
};

// Everything here happens on one strand, except goes_on().
struct Scheduler::State : std::enable_shared_from_this<Scheduler::State> {
  State(Parts p, Options o);

  boost::asio::awaitable<void> look_for_ever();
  boost::asio::awaitable<void> look();
  boost::asio::awaitable<void> begin(plugin::Integration integration,
                                     std::shared_ptr<const plugin::Manifest> manifest, std::uint64_t wish);
  boost::asio::awaitable<void> end(Id integration);
  void reloaded(const PlannedPtr& planned, const std::optional<Job>& row);

  // run.cpp
  boost::asio::awaitable<void> run(PlannedPtr planned, std::string version);
  boost::asio::awaitable<void> claim_and_run(PlannedPtr planned, std::string version);
  boost::asio::awaitable<void> run_claimed(PlannedPtr planned, std::shared_ptr<Running> running);
  boost::asio::awaitable<port::Result> call(PlannedPtr planned, std::shared_ptr<Running> running);
  boost::asio::awaitable<void> settle(PlannedPtr planned, std::shared_ptr<Running> running,
                                      port::Result result, TimePoint started);
  void report(const PlannedPtr& planned, const Decision& decision, const port::Result& result);

  void plan(const PlannedPtr& planned);
  void unplan(const PlannedPtr& planned);
  void pump();
  void wind_down(const PlannedPtr& planned);
  void cancel(const PlannedPtr& planned);
  void set_running(const Planned& planned, std::shared_ptr<Running> running);
  void hear(const std::map<Id, std::int64_t>& paused);
  TimePoint not_before(Id integration) const;
  bool wished(Id integration, std::uint64_t wish) const;
  double random() { return std::uniform_real_distribution<double>(0, 1)(engine); }

  const Parts parts;
  const Options options;
  const boost::asio::any_io_executor strand;
  metrics::Metric runs_total;
  metrics::Metric late_seconds;
  std::map<Id, Work> works;
  std::map<Id, std::uint64_t> wishes;  // integrations that are to run here; rises with each begin()
  std::uint64_t last_wish = 0;
  std::set<std::pair<TimePoint, Id>> due;  // jobs that wait for their time
  std::map<Id, PlannedPtr> planned_jobs;
  std::map<Id, TimePoint> pauses;  // of integrations, that providers asked for
  Turns turns;
  std::unique_ptr<Clock::Timer> timer;
  std::minstd_rand engine{std::random_device{}()};
  AsyncLocks locks;      // by integration: begin and end
  AsyncLocks run_locks;  // by job: held by its run
  bool stopping = false;
  mutable std::mutex mutex;  // of what follows
  std::map<std::pair<Id, std::string>, std::shared_ptr<Running>> open;
  TaskScope scope;
};

}  // namespace patchbay::jobs
