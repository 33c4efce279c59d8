#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "domain/subscriptions/subscriptions.hpp"
#include "hooks/counters.hpp"
#include "metrics/registry.hpp"
#include "store/store.hpp"
#include "supervisor/fleet.hpp"

namespace patchbay::app {

// Brings what the modules count into the registry when somebody looks. Any thread.
class Figures {
 public:
  // All outlive it.
  Figures(metrics::Registry& metrics, store::Store& store, const Clock& clock,
          const hooks::Counters& counters);

  // Outgoing events, under their outcome. Before text(); it outlives this.
  void follow(const domain::subscriptions::Counters& counters);

  // Everything, as Prometheus reads it; first asks the fleet how its workers are, and the store for what all
  // hosts share.
  boost::asio::awaitable<std::string> text(supervisor::Fleet& fleet);

 private:
  // A count of ours and how much of it the registry has been told.
  struct Followed {
    metrics::Metric metric;
    std::vector<std::string> labels;
    const std::atomic<std::uint64_t>* count = nullptr;
    std::uint64_t told = 0;
  };

  // By labels.
  using Counts = std::map<std::vector<std::string>, double>;
  struct Shared {
    Counts integrations;
    Counts inbox;
    Counts jobs;
    Counts chats;
    Counts longest_waits;
    Counts operators;
    Counts deliveries;
  };
  Shared read_shared(store::Session& session) const;
  static void show(const metrics::Metric& metric, Counts& shown, const Counts& now);
  void show(const std::vector<supervisor::Health>& instances);
  void follow(const char* name, const char* help, const std::atomic<std::uint64_t>& count);

  metrics::Registry& metrics_;
  store::Store& store_;
  const Clock& clock_;
  metrics::Metric resident_;
  metrics::Metric instances_;
  metrics::Metric worker_memory_;
  metrics::Metric worker_cpu_;
  metrics::Metric integrations_;
  metrics::Metric inbox_;
  metrics::Metric jobs_;
  metrics::Metric chats_;
  metrics::Metric longest_waits_;
  metrics::Metric operators_;
  metrics::Metric deliveries_;
  std::mutex mutex_;  // of what follows
  std::vector<Followed> followed_;
  Counts shown_instances_;
  Counts shown_memory_;
  Shared shown_;
  std::map<int, double> shown_cpu_;  // seconds, by pid
};

}  // namespace patchbay::app
