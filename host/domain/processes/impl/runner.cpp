#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/trace.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/processes/impl/state.hpp"

namespace patchbay::domain::processes {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kMostCalls = 32;  // at once
// Longer than a try may take, by as much as clocks of hosts may differ.
constexpr std::int64_t kLeaseBeyond = 120'000;
constexpr std::int64_t kUnknownWait = 60'000;
constexpr std::int64_t kMostTries = 20;  // where the process says nothing
constexpr Duration kLongestBackOff{3'600'000};

}  // namespace

Processes::State::State(Parts p) : Lookout("processes", p.executor, p.clock, p.logger), parts(std::move(p)) {}

std::vector<Process> Processes::State::of_plugins() const {
  return parts.of_plugins ? parts.of_plugins() : std::vector<Process>();
}

std::optional<Process> Processes::State::of_plugin(const std::string& code) const {
  for (auto& one : of_plugins()) {
    if (one.code == code) return std::move(one);
  }
  return std::nullopt;
}

std::optional<Process> Processes::State::find(store::Session& session, const std::string& code) {
  if (const auto found = built_in.find(code); found != built_in.end()) return found->second.process;
  if (auto found = RunTable(session).process(code)) return found;
  return of_plugin(code);
}

Process Processes::State::require(store::Session& session, const std::string& code) {
  if (auto found = find(session, code)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.processes.no_process", {{"code", code.substr(0, 100)}}));
}

asio::awaitable<bool> Processes::State::look() {
  const auto room = kMostCalls - std::min(calls.size(), kMostCalls);
  auto peek = [at = now()](store::Session& session) { return RunTable(session).has_work(at); };
  const bool has_work = room > 0 && co_await parts.store.read(std::move(peek));
  if (!has_work) co_return false;
  auto claim = [this, room](store::Session& session) {
    RunTable table(session);
    table.take_back(now());
    auto due = table.hold_due(now(), room);
    for (auto& run : due) {
      if (built_in.contains(run.process)) continue;
      const auto process = find(session, run.process);
      if (!process) {
        // A host of a later release may know it.
        run.not_before = now() + kUnknownWait;
        table.settle(run);
        continue;
      }
      ++run.attempts;
      ++run.lease;
      run.state = "running";
      table.lease(run, now() + process->timeout_ms + kLeaseBeyond);
    }
    return due;
  };
  const auto due = co_await parts.store.write(std::move(claim));
  for (const auto& run : due) {
    if (run.state == "running") {
      calls.emplace(run.id, run);
      scope.spawn_on(strand, "call", call(run));
    } else if (built_in.contains(run.process)) {
      co_await work_built_in(run);
    }
  }
  co_return due.size() == room;
}

asio::awaitable<void> Processes::State::work_built_in(Run run) {
  const auto& work = built_in.at(run.process).work;
  auto all = [this, &work, id = run.id](store::Session& session) {
    RunTable table(session);
    auto held = table.hold_queued(id);
    if (!held) return;
    held->result = work(session, *held);
    held->state = "done";
    held->error.clear();
    ++held->attempts;
    held->finished_at = now();
    table.settle(*held);
  };
  auto outcome = Outcome::failed;
  try {
    co_await parts.store.write(std::move(all));
    co_return;
  } catch (const Error& error) {
    run.error = kept_of(error);
    if (error.code() == Code::unavailable) outcome = Outcome::again;
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    run.error = kept_of(error);
  }
  ++run.attempts;
  co_await end(std::move(run), outcome, std::nullopt);
}

// Writes what came of a try.
asio::awaitable<void> Processes::State::end(Run run, Outcome outcome, std::optional<Duration> wait) {
  auto settle = [this, run, outcome, wait](store::Session& session) mutable {
    RunTable table(session);
    const auto process = built_in.contains(run.process) ? std::nullopt : find(session, run.process);
    const auto most = process ? process->attempts : kMostTries;
    if (outcome == Outcome::again && run.attempts >= most) outcome = Outcome::failed;
    run.state = outcome == Outcome::done ? "done" : outcome == Outcome::again ? "queued" : "failed";
    if (outcome == Outcome::again) {
      run.not_before = now() + wait.value_or(calls::back_off(run.attempts, kLongestBackOff)).count();
    } else {
      run.finished_at = now();
    }
    table.settle(run);
  };
  co_await parts.store.write(std::move(settle));
}

asio::awaitable<void> Processes::State::call(Run run) {
  const auto id = run.id;
  try {
    co_await call_once(std::move(run));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) co_return;
    // The lease runs out, and it is tried again.
    parts.logger.warn("processes: the outcome of a call is not stored", {{"error", error.what()}});
  }
  calls.erase(id);
  look_soon();
}

asio::awaitable<void> Processes::State::give_back() {
  auto work = [cut = std::exchange(calls, {})](store::Session& session) {
    for (auto [id, run] : cut) {
      run.state = "queued";
      RunTable(session).settle(run);
    }
  };
  co_await parts.store.write(std::move(work));
}

asio::awaitable<void> Processes::State::call_once(Run run) {
  Process process;
  std::vector<std::string> secrets;
  auto read = [this, code = run.process](store::Session& session) {
    auto found = require(session, code);
    return std::pair(found, calls::secrets_of(*parts.vault, session, "process", found.id));
  };
  std::tie(process, secrets) = co_await parts.store.read(std::move(read));
  if (!process.plugin.empty()) co_return co_await call_plugin(std::move(process), std::move(run));
  auto outcome = Outcome::again;
  std::optional<Duration> wait;
  try {
    auto request = request_of(process, run, secrets, parts.clock.now());
    net::EgressRule rule;
    rule.opened = parts.opened();
    auto fetching = parts.http->fetch(std::move(request), std::move(rule));
    const auto response = co_await std::move(fetching);
    outcome = judge(response.status);
    wait = calls::asked_wait(response);
    run.result = result_of(response);
    run.error.clear();
    if (outcome != Outcome::done)
      run.error = Text("domain.calls.status", {{"status", std::to_string(response.status)}}).kept();
  } catch (const Error& error) {
    run.error = kept_of(error);
    if (error.code() == Code::denied || error.code() == Code::invalid) outcome = Outcome::failed;
  }
  co_await end(std::move(run), outcome, wait);
}

asio::awaitable<void> Processes::State::call_plugin(Process process, Run run) {
  const auto integration = parse_id(run.parameters.value(kIntegration, "")).value_or(0);
  auto parameters = run.parameters;
  parameters.erase(kIntegration);
  const json request = {{"process", process.code},
                        {"run", to_string_id(run.id)},
                        {"attempt", run.attempts},
                        {"parameters", std::move(parameters)},
                        {"started_by", run.started_by}};
  port::Call call("pb.process/1:run", port::Message(request.dump()), Trace::make().traceparent(),
                  Duration(process.timeout_ms));
  auto asking = parts.caller->call(integration, std::move(call));
  const auto result = co_await std::move(asking);
  run.result = result.ok() ? result_of(result.message.json) : json();
  run.error = result.ok() ? std::string() : result.reason();
  std::optional<Duration> wait;
  if (result.retry_after.count() > 0) wait = result.retry_after;
  co_await end(std::move(run), judge(result.code), wait);
}

}  // namespace patchbay::domain::processes
