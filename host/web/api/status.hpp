#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "hooks/counters.hpp"
#include "metrics/registry.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /healthz (the process lives), /readyz (it can do its work) and /metrics (OPS-6). All references outlive the router.
class StatusApi {
 public:
  StatusApi(store::Store& store, metrics::Registry& metrics, const hooks::Counters& counters);

  void add_to(Router& router);
  // From then on /readyz says 503, so that a balancer looks elsewhere before the listener closes. Any thread.
  void stopping() { stopping_ = true; }

 private:
  // A count of ours and how much of it the registry has seen.
  struct Followed {
    metrics::Metric metric;
    const std::atomic<std::uint64_t>* count;
    std::uint64_t told = 0;
  };

  boost::asio::awaitable<Response> healthz(Call call);
  boost::asio::awaitable<Response> readyz(Call call);
  boost::asio::awaitable<Response> show_metrics(Call call);
  void follow(const char* name, const char* help, const std::atomic<std::uint64_t>& count);

  store::Store& store_;
  metrics::Registry& metrics_;
  std::vector<Followed> followed_;
  std::mutex mutex_;  // of what was told
  std::atomic<bool> stopping_ = false;
};

}  // namespace patchbay::web
