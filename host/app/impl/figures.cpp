#include "app/impl/figures.hpp"

#include <unistd.h>

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
                                                   "Resident memory of the host"))) {
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

std::string Figures::text() {
  resident_.record(resident_bytes());
  {
    const std::lock_guard lock(mutex_);
    for (auto& followed : followed_) {
      const auto now = followed.count->load();
      followed.metric.add(static_cast<double>(now - followed.told));
      followed.told = now;
    }
  }
  return metrics_.text();
}

}  // namespace patchbay::app
