#include "app/impl/figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace patchbay::app {
namespace {

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

Figures::Figures(metrics::Registry& metrics, const hooks::Counters& counters)
    : metrics_(metrics),
      resident_(metrics.define(metrics::Definition(metrics::Kind::gauge, "process_resident_memory_bytes",
                                                   "Resident memory of the host"))),
      instances_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_instances",
                                                    "Running integrations", {"plugin", "state"}))),
      worker_memory_(
          metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_worker_memory_bytes",
                                             "Resident memory of a plugin's workers", {"plugin"}))),
      worker_cpu_(
          metrics.define(metrics::Definition(metrics::Kind::counter, "patchbay_worker_cpu_seconds_total",
                                             "Processor time of a plugin's workers", {"plugin"}))) {
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
  follow("patchbay_hooks_commits_total", "Commits of the inbox", counters.batches);
  follow("patchbay_inbox_processed_total", "Requests that a plugin translated", counters.processed);
  follow("patchbay_inbox_retried_total", "Requests that were tried again", counters.retried);
  follow("patchbay_inbox_dead_total", "Requests that became dead letters", counters.dead);
  follow("patchbay_events_total", "Events that had their effect", counters.events);
  follow("patchbay_events_duplicates_total", "Events that had had their effect before",
         counters.events_known);
}

void Figures::follow(const char* name, const char* help, const std::atomic<std::uint64_t>& count) {
  followed_.push_back({metrics_.define(metrics::Definition(metrics::Kind::counter, name, help)), &count, 0});
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

boost::asio::awaitable<std::string> Figures::text(supervisor::Fleet& fleet) {
  auto looking = fleet.health();
  const auto instances = co_await std::move(looking);
  resident_.record(resident_bytes());
  {
    const std::lock_guard lock(mutex_);
    show(instances);
    for (auto& followed : followed_) {
      const auto now = followed.count->load();
      followed.metric.add(static_cast<double>(now - followed.told));
      followed.told = now;
    }
  }
  co_return metrics_.text();
}

}  // namespace patchbay::app
