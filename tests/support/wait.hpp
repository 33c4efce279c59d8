#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace patchbay::support {

// An io_context for a thread that waits. It is used again and never ends: a store's threads touch the one to
// which they have posted for a moment longer than the wait lasts.
class LentContext {
 public:
  LentContext() {
    const std::lock_guard lock(idle().mutex);
    if (idle().contexts.empty()) {
      context_ = std::make_unique<boost::asio::io_context>();
    } else {
      context_ = std::move(idle().contexts.back());
      idle().contexts.pop_back();
    }
  }
  ~LentContext() {
    const std::lock_guard lock(idle().mutex);
    idle().contexts.push_back(std::move(context_));
  }
  LentContext(const LentContext&) = delete;
  LentContext& operator=(const LentContext&) = delete;

  boost::asio::io_context& operator*() { return *context_; }

 private:
  struct Idle {
    std::mutex mutex;
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
  };
  static Idle& idle() {
    static auto& all = *new Idle;
    return all;
  }

  std::unique_ptr<boost::asio::io_context> context_;
};

// Runs `work` to its end on the calling thread. Any thread may wait.
template <class T>
T wait(boost::asio::awaitable<T> work) {
  using namespace std::chrono_literals;
  LentContext context;
  auto done = boost::asio::co_spawn(*context, std::move(work), boost::asio::use_future);
  while (done.wait_for(0s) != std::future_status::ready) {
    (*context).restart();
    (*context).run_one_for(10ms);
  }
  return done.get();
}

}  // namespace patchbay::support
