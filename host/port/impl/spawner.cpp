#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "port/remote.hpp"

namespace patchbay::port {

struct Spawner::State {
  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> jobs;
  bool stopping = false;
  std::thread thread;
};

Spawner::Spawner() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] { state->work(); });
}

Spawner::~Spawner() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

void Spawner::run(std::function<void()> job) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->jobs.push_back(std::move(job));
  }
  state_->wake.notify_one();
}

}  // namespace patchbay::port
