#include "app/impl/figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "base/error.hpp"
#include "domain/figures/figures.hpp"

namespace patchbay::app {
namespace {

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

metrics::Definition of_operators() {
  metrics::Definition out(metrics::Kind::gauge, "patchbay_operator_chats",
                          "Chats that an operator has, assigned or in progress, of all hosts", {"operator"});
  out.max_series = 2000;
  return out;
}

}  // namespace

Figures::Figures(metrics::Registry& metrics, store::Store& store, const Clock& clock,
                 const hooks::Counters& counters)
    : metrics_(metrics),
      store_(store),
      clock_(clock),
      resident_(metrics.define(metrics::Definition(metrics::Kind::gauge, "process_resident_memory_bytes",
                                                   "Resident memory of the host"))),
      instances_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_instances",
                                                    "Running integrations", {"plugin", "state"}))),
      worker_memory_(
          metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_worker_memory_bytes",
                                             "Resident memory of a plugin's workers", {"plugin"}))),
      worker_cpu_(
          metrics.define(metrics::Definition(metrics::Kind::counter, "patchbay_worker_cpu_seconds_total",
                                             "Processor time of a plugin's workers", {"plugin"}))),
      integrations_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_integrations",
                                                       "Integrations in each state, of all hosts",
                                                       {"plugin", "state"}))),
      inbox_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_inbox_rows",
                                                "Stored webhooks that wait, and dead letters", {"state"}))),
      jobs_(
          metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_jobs",
                                             "Jobs by state: running, paused, failing, waiting", {"state"}))),
      chats_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_chats",
                                                "Open chats, of all hosts; queue 0: in none",
                                                {"queue", "state"}))),
      longest_waits_(
          metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_chat_longest_wait_seconds",
                                             "Of the chat that waits longest, of all hosts", {"queue"}))),
      operators_(metrics.define(of_operators())),
      deliveries_(
          metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_delivery_rows",
                                             "Outgoing events that wait, and dead ones", {"state"}))) {
  follow("patchbay_hooks_received_total", "Webhooks that reached a route", counters.received);
  follow("patchbay_hooks_stored_total", "Webhooks stored durably", counters.stored);
  follow("patchbay_hooks_duplicates_total", "Webhooks that were stored before", counters.known);
  follow("patchbay_hooks_challenges_total", "Challenges answered", counters.challenges);
  follow("patchbay_hooks_unknown_path_total", "Requests to no route (404)", counters.unknown_path);
  follow("patchbay_hooks_wrong_method_total", "Requests with another method (405)", counters.wrong_method);
  follow("patchbay_hooks_too_large_total", "Bodies over the limit (413)", counters.too_large);
  follow("patchbay_hooks_not_verified_total", "Wrong or missing signatures (401)", counters.not_verified);
  follow("patchbay_hooks_store_failed_total", "Refused since the store was away (503)",
         counters.store_failed);
  follow("patchbay_hooks_queue_full_total", "Refused since too much waited (503)", counters.queue_full);
  follow("patchbay_hooks_keys_missing_total", "Refused since a provider's keys could not be fetched (503)",
         counters.keys_missing);
  follow("patchbay_hooks_too_fast_total", "Refused since one integration got too much at once (429)",
         counters.too_fast);
  follow("patchbay_hooks_sessions_total", "Anonymous sessions that were made or renewed", counters.sessions);
  follow("patchbay_hooks_origins_total", "Refused since the page's origin is not listed (403)",
         counters.origins);
  follow("patchbay_hooks_commits_total", "Commits of the inbox", counters.batches);
  follow("patchbay_inbox_processed_total", "Requests that a plugin translated", counters.processed);
  follow("patchbay_inbox_retried_total", "Requests that were tried again", counters.retried);
  follow("patchbay_inbox_dead_total", "Requests that became dead letters", counters.dead);
  follow("patchbay_inbox_unknown_identity_total",
         "Events on routes of profiles that concerned no connected integration", counters.unknown_identity);
  follow("patchbay_events_total", "Events that had their effect", counters.events);
  follow("patchbay_events_duplicates_total", "Events that had had their effect before",
         counters.events_known);
}

void Figures::follow(const char* name, const char* help, const std::atomic<std::uint64_t>& count) {
  followed_.push_back(
      {metrics_.define(metrics::Definition(metrics::Kind::counter, name, help)), {}, &count, 0});
}

void Figures::follow(const domain::subscriptions::Counters& counters) {
  follow("patchbay_outgoing_events_total", "Events that somebody outside is told of", counters.events);
  const auto tries = metrics_.define(
      metrics::Definition(metrics::Kind::counter, "patchbay_deliveries_total",
                          "Outgoing events: delivered, tries that failed, given up", {"outcome"}));
  followed_.push_back({tries, {"delivered"}, &counters.delivered, 0});
  followed_.push_back({tries, {"failed"}, &counters.failed, 0});
  followed_.push_back({tries, {"dead"}, &counters.dead, 0});
}

// What is no more is shown as 0.
void Figures::show(const std::vector<supervisor::Health>& instances) {
  for (auto& [labels, count] : shown_instances_) count = 0;
  for (auto& [labels, bytes] : shown_memory_) bytes = 0;
  std::map<int, double> cpu;
  for (const auto& instance : instances) {
    ++shown_instances_[{instance.plugin, std::string(condition_name(instance.condition))}];
    if (!instance.usage || cpu.contains(instance.pid)) continue;
    shown_memory_[{instance.plugin}] += static_cast<double>(instance.usage->memory);
    const auto known = shown_cpu_.find(instance.pid);
    const double before = known == shown_cpu_.end() ? 0 : known->second;
    // Two who look at once may come here in the other order.
    const double used = std::max(before, std::chrono::duration<double>(instance.usage->cpu).count());
    worker_cpu_.add(used - before, {instance.plugin});
    cpu[instance.pid] = used;
  }
  shown_cpu_ = std::move(cpu);
  for (const auto& [labels, count] : shown_instances_) instances_.record(count, labels);
  for (const auto& [labels, bytes] : shown_memory_) worker_memory_.record(bytes, labels);
}

// Indexes answer these: finished rows are not looked at.
Figures::Shared Figures::read_shared(store::Session& session) const {
  Shared out;
  for (const auto& row : session.query(
           "select plugin, state, cast(count(*) as bigint) from integrations group by plugin, state"))
    out.integrations[{row.text(0), row.text(1)}] = static_cast<double>(row.integer(2));
  const auto count = [&session](const char* sql) {
    return static_cast<double>(session.query_one(sql)->integer(0));
  };
  out.inbox[{"new"}] = count("select cast(count(*) as bigint) from inbox where state = 'new'");
  out.inbox[{"dead"}] = count("select cast(count(*) as bigint) from inbox where state = 'dead'");
  for (const auto& row : session.query(
           "select case when run is not null then 'running' when paused_at is not null then 'paused' when "
           "failures > 0 then 'failing' else 'waiting' end as state, cast(count(*) as bigint) from jobs "
           "group "
           "by 1"))
    out.jobs[{row.text(0)}] = static_cast<double>(row.integer(1));
  for (const auto& queue : domain::figures::open_chats(session)) {
    const auto id = to_string_id(queue.queue.value_or(0));
    out.chats[{id, "held"}] = static_cast<double>(queue.held);
    out.chats[{id, "with_bot"}] = static_cast<double>(queue.with_bot);
    out.chats[{id, "waiting"}] = static_cast<double>(queue.waiting);
    out.chats[{id, "assigned"}] = static_cast<double>(queue.assigned);
    out.chats[{id, "in_progress"}] = static_cast<double>(queue.in_progress);
    const std::chrono::duration<double> wait =
        queue.waiting_since ? clock_.now() - *queue.waiting_since : Duration(0);
    out.longest_waits[{id}] = wait.count();
  }
  for (const auto& row : session.query("select id, chats from operators where chats > 0"))
    out.operators[{to_string_id(row.integer(0))}] = static_cast<double>(row.integer(1));
  for (const auto* state : {"waiting", "dead"})
    out.deliveries[{state}] = static_cast<double>(
        session
            .query_one(
                "select cast(count(*) as bigint) from subscriptions join subscription_deliveries on "
                "subscription_deliveries.subscription = subscriptions.id and subscription_deliveries.state = "
                ":state",
                {std::string(state)})
            ->integer(0));
  return out;
}

// What is no more is shown as 0.
void Figures::show(const metrics::Metric& metric, Counts& shown, const Counts& now) {
  for (auto& [labels, count] : shown) count = 0;
  for (const auto& [labels, count] : now) shown[labels] = count;
  for (const auto& [labels, count] : shown) metric.record(count, labels);
}

boost::asio::awaitable<std::string> Figures::text(supervisor::Fleet& fleet) {
  auto looking = fleet.health();
  const auto instances = co_await std::move(looking);
  std::optional<Shared> shared;
  try {
    auto read = [this](store::Session& session) { return read_shared(session); };
    shared = co_await store_.read(std::move(read));
  } catch (const Error&) {
    shared.reset();  // the store is away, which /readyz tells; the rest is worth showing
  }
  resident_.record(resident_bytes());
  {
    const std::lock_guard lock(mutex_);
    show(instances);
    if (shared) {
      show(integrations_, shown_.integrations, shared->integrations);
      show(inbox_, shown_.inbox, shared->inbox);
      show(jobs_, shown_.jobs, shared->jobs);
      show(chats_, shown_.chats, shared->chats);
      show(longest_waits_, shown_.longest_waits, shared->longest_waits);
      show(operators_, shown_.operators, shared->operators);
      show(deliveries_, shown_.deliveries, shared->deliveries);
    }
    for (auto& followed : followed_) {
      const auto now = followed.count->load();
      followed.metric.add(static_cast<double>(now - followed.told), followed.labels);
      followed.told = now;
    }
  }
  co_return metrics_.text();
}

}  // namespace patchbay::app
