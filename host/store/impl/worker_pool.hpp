#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::store {

// Threads that may block, with a bounded queue. Any thread may submit.
class WorkerPool {
 public:
  using Job = std::function<void()>;

  WorkerPool(std::size_t threads, std::size_t max_queued);
  // Runs what is queued, then ends.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full. `job` does not throw.
  [[nodiscard]] bool submit(Job job);

 private:
  void run();
  void stop();

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::deque<Job> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace patchbay::store
