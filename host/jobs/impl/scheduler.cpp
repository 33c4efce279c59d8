#include "jobs/scheduler.hpp"

#include <algorithm>
#include <tuple>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/failure.hpp"
#include "jobs/impl/scheduler_state.hpp"
#include "plugin/pauses.hpp"

namespace patchbay::jobs {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kStoreAway = 2s;
constexpr Duration kLongestWait = 30s;
constexpr std::int64_t kMostTouched = 1000;

TimePoint time_of(std::int64_t ms) {
  return TimePoint(Duration(ms));
}

// Of a job that is new: an interval begins with a run.
std::optional<TimePoint> first_due(const schedule::Schedule& schedule, TimePoint now) {
  const auto next = schedule.next(now, 0);
  return next && schedule.interval().count() > 0 ? now : next;
}

metrics::Definition late_definition() {
  metrics::Definition out(metrics::Kind::histogram, "patchbay_job_late_seconds",
                          "How much later than due runs of jobs began", {"plugin"});
  out.buckets = {0.1, 1, 5, 30, 60, 300, 3600};
  return out;
}

}  // namespace

Scheduler::State::State(Parts p, Options o)
    : parts(std::move(p)),
      options(o),
      strand(asio::make_strand(parts.executor)),
      runs_total(parts.metrics.define(metrics::Definition(metrics::Kind::counter, "patchbay_job_runs_total",
                                                          "Runs of jobs that ended", {"plugin", "outcome"}))),
      late_seconds(parts.metrics.define(late_definition())),
      turns(options.running, options.per_integration),
      locks(strand),
      run_locks(strand),
      scope(strand, [logger = parts.logger](const std::string& name, std::exception_ptr e) {
        logger.error("jobs: task failed", {{"task", name}, {"error", words_of(e)}});
      }) {}

// --- what is planned

bool Scheduler::State::wished(Id integration, std::uint64_t wish) const {
  const auto found = wishes.find(integration);
  return found != wishes.end() && found->second == wish;
}

asio::awaitable<void> Scheduler::State::begin(plugin::Integration integration,
                                              std::shared_ptr<const plugin::Manifest> manifest,
                                              std::uint64_t wish) {
  const auto id = integration.id;
  const auto settings = nlohmann::json::parse(integration.settings);
  std::vector<Wanted> wanted;
  for (const auto& spec : manifest->jobs) {
    if (plugin::holds(spec.when, settings))
      wanted.emplace_back(spec.id, first_due(spec.schedule, parts.clock.now()));
  }
  if (wanted.empty()) co_return;
  const auto held = co_await locks.lock(id);
  std::optional<std::vector<Job>> jobs;
  std::map<Id, std::int64_t> paused;
  while (!jobs) {
    if (!wished(id, wish) || works.contains(id)) co_return;
    std::vector<Id> fresh;
    for (std::size_t i = 0; i < wanted.size(); ++i) fresh.push_back(parts.ids.next());
    auto take = [id, wanted, fresh,
                 now = parts.clock.now().time_since_epoch().count()](store::Session& session) {
      auto taken = take_jobs(session, id, wanted, fresh, now);
      return std::pair(std::move(taken), plugin::paused_integrations(session, now));
    };
    bool away = false;
    try {
      std::tie(jobs, paused) = co_await parts.store.write(std::move(take));
    } catch (const Error& error) {
      parts.logger.warn("jobs of an integration cannot be read; it is tried again",
                        {{"integration", to_string_id(id)}, {"error", error.what()}});
      away = true;
    }
    if (away) co_await parts.clock.sleep(kStoreAway);
  }
  if (!wished(id, wish)) co_return;
  hear(paused);
  auto& work = works[id];
  work.manifest = manifest;
  for (auto& job : *jobs) {
    const auto spec = std::find_if(manifest->jobs.begin(), manifest->jobs.end(),
                                   [&](const plugin::JobSpec& each) { return each.id == job.name; });
    const auto in_use =
        std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& w) { return w.name == job.name; });
    if (!in_use) continue;
    const auto planned = std::make_shared<Planned>(std::move(job), *spec);
    work.jobs[planned->job.id] = planned;
    planned_jobs[planned->job.id] = planned;
    plan(planned);
  }
  pump();
}

asio::awaitable<void> Scheduler::State::end(Id integration) {
  wishes.erase(integration);
  const auto held = co_await locks.lock(integration);
  const auto found = works.find(integration);
  if (found == works.end()) co_return;
  const auto work = std::move(found->second);
  works.erase(found);
  for (const auto& [id, planned] : work.jobs) {
    planned->gone = true;
    unplan(planned);
    planned_jobs.erase(id);
    wind_down(planned);
  }
  for (const auto& [id, planned] : work.jobs) const auto settled = co_await run_locks.lock(id);
}

// Into the set of what waits for its time, or out of it.
void Scheduler::State::plan(const PlannedPtr& planned) {
  unplan(planned);
  auto& job = planned->job;
  if (planned->gone || planned->busy || planned->held || job.paused_at) return;
  // Somebody else has it: a look some seconds later is soon enough.
  if (job.run) job.due_at = (parts.clock.now() + kStoreAway).time_since_epoch().count();
  const auto now = parts.clock.now();
  if (!job.due_at) {
    const auto first = first_due(planned->spec.schedule, now);
    if (!first) return;
    job.due_at = first->time_since_epoch().count();
  }
  auto at = time_of(*job.due_at);
  // The interval may have become shorter, or the clock was set back.
  const auto interval = planned->spec.schedule.interval();
  if (interval.count() > 0 && job.cause == Cause::schedule)
    at = std::min(at, now + interval + planned->spec.jitter);
  due.emplace(at, job.id);
}

void Scheduler::State::unplan(const PlannedPtr& planned) {
  std::erase_if(due, [&](const auto& item) { return item.second == planned->job.id; });
  turns.remove(planned->job.integration, planned->job.id);
}

// Nothing but time ends a pause.
void Scheduler::State::hear(const std::map<Id, std::int64_t>& paused) {
  for (const auto& [id, until] : paused) {
    auto& pause = pauses[id];
    pause = std::max(pause, time_of(until));
  }
}

TimePoint Scheduler::State::not_before(Id integration) const {
  const auto pause = pauses.find(integration);
  return pause == pauses.end() ? TimePoint{} : pause->second;
}

void Scheduler::State::pump() {
  const auto now = parts.clock.now();
  std::erase_if(pauses, [&](const auto& item) { return item.second <= now; });
  while (!due.empty() && due.begin()->first <= now) {
    const auto [at, id] = *due.begin();
    due.erase(due.begin());
    const auto& planned = planned_jobs.at(id);
    const auto later = not_before(planned->job.integration);
    if (later > now)
      due.emplace(later, id);
    else
      turns.add(planned->job.integration, id);
  }
  while (!stopping && turns.anyone_waits()) {
    const auto id = turns.next();
    if (!id) break;
    const auto planned = planned_jobs.at(*id);
    // The provider has asked for a pause since it got in line.
    const auto later = not_before(planned->job.integration);
    if (later > now) {
      turns.ended(planned->job.integration);
      due.emplace(later, *id);
      continue;
    }
    planned->busy = true;
    scope.spawn_on(strand, "run a job", run(planned, works.at(planned->job.integration).manifest->version));
  }
  timer.reset();
  if (due.empty()) return;
  auto ring = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  };
  // Not for long: the clock on the wall may be set.
  const auto wait = std::clamp<Duration>(due.begin()->first - now, Duration(1), kLongestWait);
  timer = parts.clock.after(strand, wait, std::move(ring));
}

// --- what others have changed

asio::awaitable<void> Scheduler::State::look_for_ever() {
  for (;;) {
    co_await parts.clock.sleep(options.look_every);
    bool away = false;
    try {
      co_await look();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts.logger.warn("jobs: looking for changes failed", {{"error", error.what()}});
      away = true;
    }
    if (away) co_await parts.clock.sleep(kStoreAway);
  }
}

asio::awaitable<void> Scheduler::State::look() {
  auto query = [now = parts.clock.now().time_since_epoch().count()](store::Session& session) {
    std::vector<Job> jobs;
    for (const auto& row : session.query(
             "select " + std::string(kJobColumns) + " from jobs where touched = 1 order by id limit :most",
             {kMostTouched}))
      jobs.push_back(job_of(row));
    return std::pair(std::move(jobs), plugin::paused_integrations(session, now));
  };
  const auto [jobs, paused] = co_await parts.store.read(std::move(query));
  hear(paused);
  std::vector<Id> ours;
  for (const auto& job : jobs) {
    if (planned_jobs.contains(job.id)) ours.push_back(job.id);
  }
  if (ours.empty()) co_return;
  // Read once more when the mark is taken away, so that no change is missed.
  auto take = [ours](store::Session& session) {
    std::vector<Job> taken;
    for (const auto id : ours) {
      session.exec("update jobs set touched = 0 where id = :id", {id});
      if (auto job = find_job(session, id)) taken.push_back(std::move(*job));
    }
    return taken;
  };
  const auto taken = co_await parts.store.write(std::move(take));
  for (const auto& job : taken) {
    const auto found = planned_jobs.find(job.id);
    if (found != planned_jobs.end()) reloaded(found->second, job);
  }
  pump();
}

void Scheduler::State::reloaded(const PlannedPtr& planned, const std::optional<Job>& row) {
  if (!row) return;
  planned->job = *row;
  if (row->cause == Cause::request && row->due_at) planned->held = false;
  if (!planned->busy) return plan(planned);
  // The run goes on with the lease that it has; when that is not the row's, it can store nothing more.
  if (planned->running && planned->running->lease != row->lease) return cancel(planned);
  if (row->paused_at) wind_down(planned);
}

// --- how a run ends before its time

void Scheduler::State::wind_down(const PlannedPtr& planned) {
  const auto running = planned->running;
  if (!running || running->winding_down) return;
  running->winding_down = true;
  running->limit = parts.clock.after(strand, options.wind_down, [weak = weak_from_this(), planned] {
    if (const auto self = weak.lock()) self->cancel(planned);
  });
}

void Scheduler::State::cancel(const PlannedPtr& planned) {
  const auto running = planned->running;
  if (!running || running->cancelled) return;
  running->winding_down = true;
  running->cancelled = true;
  running->signal.emit(asio::cancellation_type::terminal);
}

void Scheduler::State::set_running(const Planned& planned, std::shared_ptr<Running> running) {
  const std::pair key(planned.job.integration, planned.job.name);
  const std::lock_guard lock(mutex);
  if (running)
    open[key] = std::move(running);
  else
    open.erase(key);
}

// --- Scheduler

Scheduler::Scheduler(Parts parts, Options options)
    : state_(std::make_shared<State>(std::move(parts), options)) {}
Scheduler::Scheduler(Parts parts) : Scheduler(std::move(parts), Options()) {}
Scheduler::~Scheduler() = default;

void Scheduler::start() {
  state_->scope.spawn_on(state_->strand, "look for changed jobs", state_->look_for_ever());
}

asio::awaitable<void> Scheduler::stop() {
  auto ending = [](std::shared_ptr<State> state) -> asio::awaitable<void> {
    state->stopping = true;
    state->timer.reset();
    state->wishes.clear();
    for (const auto& [id, planned] : state->planned_jobs) {
      planned->gone = true;
      state->wind_down(planned);
    }
    while (!state->works.empty()) co_await state->end(state->works.begin()->first);
  };
  auto task = asio::co_spawn(state_->strand, ending(state_), asio::use_awaitable);
  co_await std::move(task);
  co_await state_->scope.stop();
}

void Scheduler::begin(const plugin::Integration& integration,
                      std::shared_ptr<const plugin::Manifest> manifest) {
  if (manifest->jobs.empty()) return;
  asio::post(state_->strand, [state = state_, integration, manifest = std::move(manifest)] {
    if (state->stopping) return;
    const auto wish = ++state->last_wish;
    state->wishes[integration.id] = wish;
    state->scope.spawn_on(state->strand, "plan jobs", state->begin(integration, manifest, wish));
  });
}

asio::awaitable<void> Scheduler::end(Id integration) {
  auto task = asio::co_spawn(state_->strand, state_->end(integration), asio::use_awaitable);
  co_await std::move(task);
}

void Scheduler::look() {
  asio::post(state_->strand, [state = state_] {
    state->scope.spawn_on(state->strand, "look for changed jobs", state->look());
  });
}

bool Scheduler::goes_on(Id integration, const std::string& job, std::int64_t lease) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->open.find({integration, job});
  if (found == state_->open.end()) return false;
  const auto& running = *found->second;
  return running.lease == lease && !running.winding_down && state_->parts.clock.monotonic() < running.until;
}

}  // namespace patchbay::jobs
