#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "base/task_scope.hpp"
#include "metrics/registry.hpp"
#include "plugin/services.hpp"

namespace patchbay::plugin {

// One call of a plugin, from ask() to its reply. Answers exactly once, "cancelled" when it goes away
// unanswered.
class Asked {
 public:
  Asked(boost::asio::any_io_executor strand, std::shared_ptr<InstanceContext> context, port::Call call,
        port::HostSide::Reply reply);
  ~Asked();
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  void answer(port::Result result);

  const boost::asio::any_io_executor strand;
  const std::shared_ptr<InstanceContext> context;
  port::Call call;
  const std::shared_ptr<std::atomic<bool>> given_up;
  // On the strand only.
  boost::asio::cancellation_signal signal;
  bool is_cancelled = false;

 private:
  port::HostSide::Reply reply_;
};

// Any thread: takes interest away from it.
void cancel(const std::shared_ptr<Asked>& asked);

// The calls of one instance that are not answered yet. Any thread.
class OpenCalls {
 public:
  // False when there are too many.
  bool add(std::uint64_t id, const std::shared_ptr<Asked>& asked);
  void remove(std::uint64_t id, const Asked* asked);
  void cancel(std::uint64_t id);
  void cancel_all();

 private:
  std::mutex mutex_;
  std::multimap<std::uint64_t, std::weak_ptr<Asked>> calls_;
};

// Metrics of one instance, by the handles that it was given. Any thread.
class InstanceMetrics {
 public:
  InstanceMetrics(metrics::Registry& registry, std::shared_ptr<InstanceContext> context)
      : registry_(registry), context_(std::move(context)) {}

  void define(std::uint64_t handle, const metrics::Definition& definition);
  void record(std::uint64_t handle, double value, const std::string& label_values);

 private:
  metrics::Registry& registry_;
  const std::shared_ptr<InstanceContext> context_;
  std::mutex mutex_;
  std::map<std::uint64_t, metrics::Metric> metrics_;
};

}  // namespace patchbay::plugin
