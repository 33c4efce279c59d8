// One run of one job, from its turn to what follows from it.
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include "base/back_off.hpp"
#include "base/failure.hpp"
#include "base/trace.hpp"
#include "jobs/impl/scheduler_state.hpp"
#include "plugin/pauses.hpp"

namespace patchbay::jobs {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kFirstRepeat = 1s;
constexpr Duration kLongestRepeat = 2s;  // who ends waits for it
constexpr Duration kStoreAway = 2s;

// What settling a run came to.
struct Stored {
  bool ours = false;
  std::optional<Job> job;
  std::map<Id, std::int64_t> paused;
};

}  // namespace

asio::awaitable<void> Scheduler::State::run(PlannedPtr planned, std::string version) {
  const auto integration = planned->job.integration;
  try {
    co_await claim_and_run(planned, std::move(version));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    parts.logger.warn(
        "a job cannot begin; it is tried again",
        {{"integration", to_string_id(integration)}, {"job", planned->job.name}, {"error", error.what()}});
    set_running(*planned, nullptr);
    planned->running.reset();
    planned->job.due_at = (parts.clock.now() + kStoreAway).time_since_epoch().count();
  }
  // Whatever happened: it is somebody else's turn, and this job is planned anew.
  planned->busy = false;
  turns.ended(integration);
  plan(planned);
  pump();
}

asio::awaitable<void> Scheduler::State::claim_and_run(PlannedPtr planned, std::string version) {
  const auto held = co_await run_locks.lock(planned->job.id);
  if (planned->gone) co_return;
  const auto run_id = parts.ids.next();
  const auto now = parts.clock.now();
  auto claim = [job = planned->job, run_id, version, now, unsure = planned->unsure](store::Session& session) {
    // Ours, of a claim whose commit was not heard of.
    auto now_job = job;
    for (const auto id : unsure) now_job.lease += forget_run(session, job.id, id) ? 1 : 0;
    auto begun = begin_run(session, now_job, run_id, version, now.time_since_epoch().count());
    return std::pair(std::move(begun), find_job(session, job.id));
  };
  planned->unsure.push_back(run_id);
  const auto [begun, row] = co_await parts.store.write(std::move(claim));
  planned->unsure.clear();
  if (!begun) {  // somebody has changed it meanwhile
    if (row) planned->job = *row;
    co_return;
  }
  const TimePoint due_at(Duration(planned->job.due_at.value_or(now.time_since_epoch().count())));
  const auto work = works.find(planned->job.integration);
  late_seconds.record(std::chrono::duration<double>(now - due_at).count(),
                      {work == works.end() ? "" : work->second.manifest->id});
  planned->job = *begun;
  const auto running =
      std::make_shared<Running>(run_id, begun->lease, parts.clock.monotonic() + options.budget);
  co_await run_claimed(planned, running);
}

asio::awaitable<void> Scheduler::State::run_claimed(PlannedPtr planned, std::shared_ptr<Running> running) {
  const auto started = parts.clock.now();
  planned->running = running;
  set_running(*planned, running);
  if (planned->gone) wind_down(planned);
  port::Result result(Code::cancelled, "");
  try {
    auto calling = call(planned, running);
    auto token = asio::bind_cancellation_slot(running->signal.slot(), asio::use_awaitable);
    auto called = asio::co_spawn(strand, std::move(calling), std::move(token));
    result = co_await std::move(called);
  } catch (const boost::system::system_error& error) {
    if (!is_cancellation(error)) throw;
  }
  running->limit.reset();
  set_running(*planned, nullptr);
  co_await settle(planned, running, std::move(result), started);
  planned->running.reset();
}

asio::awaitable<port::Result> Scheduler::State::call(PlannedPtr planned, std::shared_ptr<Running> running) {
  const auto& job = planned->job;
  const auto budget = std::min(options.budget, planned->spec.time_limit);
  const json request = {{"job", job.name},
                        {"checkpoint", json::parse(job.checkpoint)},
                        {"lease", running->lease},
                        {"budget_ms", budget.count()}};
  port::Call call("pb.sync/1:run", port::Message(request.dump()), Trace::make().traceparent(),
                  planned->spec.time_limit);
  auto calling = parts.caller.call(job.integration, std::move(call));
  co_return co_await std::move(calling);
}

// Until it is stored: what a run ended with must not be forgotten while the store is away.
asio::awaitable<void> Scheduler::State::settle(PlannedPtr planned, std::shared_ptr<Running> running,
                                               port::Result result, TimePoint started) {
  Ended ended;
  ended.ours = running->winding_down && result.code != Code::ok;
  ended.failures = planned->job.failures;
  ended.started = started;
  ended.now = parts.clock.now();
  ended.random = random();
  const auto decision = decide(result, planned->spec.schedule, ended);
  RunEnd end(planned->job, running->id, decision);
  end.job.lease = running->lease;
  if (!result.ok()) end.code = std::string(code_name(result.code));
  if (!result.ok()) end.reason = result.reason();
  end.now = ended.now.time_since_epoch().count();
  bool counted = false;
  for (int tries = 1;; ++tries) {
    auto work = [end](store::Session& session) {
      Stored out;
      out.ours = end_run(session, end);
      out.job = find_job(session, end.job.id);
      if (end.decision.pause_until) out.paused = plugin::paused_integrations(session, end.now);
      return out;
    };
    std::optional<Stored> stored;
    try {
      stored = co_await parts.store.write(std::move(work));
    } catch (const Error& error) {
      parts.logger.warn("the end of a job's run cannot be stored; it is tried again",
                        {{"job", planned->job.name}, {"error", error.what()}});
    }
    if (stored) {
      counted = stored->ours;
      if (stored->job) planned->job = *stored->job;
      hear(stored->paused);
      break;
    }
    if (planned->gone) break;  // whoever takes it over finds it under way
    co_await parts.clock.sleep(back_off(kFirstRepeat, kLongestRepeat, tries));
  }
  if (!counted) co_return;
  planned->held = decision.held;
  report(planned, decision, result);
}

void Scheduler::State::report(const PlannedPtr& planned, const Decision& decision,
                              const port::Result& result) {
  const auto& job = planned->job;
  const auto work = works.find(job.integration);
  runs_total.add(1, {work == works.end() ? "" : work->second.manifest->id, ending_name(decision.ending)});
  if (decision.ending == Ending::failed) {
    parts.logger.warn("a job failed", {{"integration", to_string_id(job.integration)},
                                       {"job", job.name},
                                       {"code", std::string(code_name(result.code))},
                                       {"failures", std::to_string(decision.failures)},
                                       {"error", result.text}});
  }
  const auto& reports = parts.reports;
  if (decision.held && !decision.trouble) {
    if (reports.unauthenticated) reports.unauthenticated(job.integration, result.reason());
  } else if (decision.trouble) {
    if (reports.trouble) reports.trouble(job.integration, job.name, result.code, result.reason());
  } else if (result.ok() && reports.well) {
    reports.well(job.integration, job.name);
  }
}

}  // namespace patchbay::jobs
