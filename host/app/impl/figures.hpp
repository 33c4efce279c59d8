#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "hooks/counters.hpp"
#include "metrics/registry.hpp"

namespace patchbay::app {

// Brings what the modules count into the registry when somebody looks. Any thread.
class Figures {
 public:
  // Both outlive it.
  Figures(metrics::Registry& metrics, const hooks::Counters& counters);

  // Everything, as Prometheus reads it.
  std::string text();

 private:
  // A count of ours and how much of it the registry has been told.
  struct Followed {
    metrics::Metric metric;
    const std::atomic<std::uint64_t>* count = nullptr;
    std::uint64_t told = 0;
  };

  void follow(const char* name, const char* help, const std::atomic<std::uint64_t>& count);

  metrics::Registry& metrics_;
  metrics::Metric resident_;
  std::mutex mutex_;  // of followed_
  std::vector<Followed> followed_;
};

}  // namespace patchbay::app
