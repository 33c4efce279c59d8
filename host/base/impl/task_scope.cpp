#include "base/task_scope.hpp"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <unordered_set>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace patchbay {

namespace asio = boost::asio;

struct TaskScope::State : std::enable_shared_from_this<TaskScope::State> {
  struct Task {
    Task(std::string n, asio::any_io_executor e) : name(std::move(n)), executor(std::move(e)) {}
    std::string name;
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
  };

  State(asio::any_io_executor e, OnError f) : executor(std::move(e)), on_error(std::move(f)) {}

  void done(const std::shared_ptr<Task>& task, std::exception_ptr error) {
    if (error) report(*task, error);
    {
      const std::lock_guard lock(mutex);
      tasks.erase(task);
    }
    tell_waiters();
  }

  // Those who wait go on once nothing runs.
  void tell_waiters() {
    std::vector<asio::any_completion_handler<void()>> ready;
    {
      const std::lock_guard lock(mutex);
      if (tasks.empty()) ready.swap(waiters);
    }
    for (auto& waiter : ready) resume(std::move(waiter));
  }

  void resume(asio::any_completion_handler<void()> waiter) {
    asio::post(executor, [waiter = std::move(waiter)]() mutable { asio::dispatch(std::move(waiter)); });
  }

  void report(const Task& task, const std::exception_ptr& error) const {
    try {
      std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
      if (e.code() == asio::error::operation_aborted) return;
      on_error(task.name, error);
    } catch (...) {
      on_error(task.name, error);
    }
  }

  asio::any_io_executor executor;
  OnError on_error;
  mutable std::mutex mutex;
  bool stopping = false;
  std::unordered_set<std::shared_ptr<Task>> tasks;
  std::vector<asio::any_completion_handler<void()>> waiters;
};

TaskScope::TaskScope(asio::any_io_executor executor, OnError on_error)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_error))) {}

TaskScope::~TaskScope() {
  const std::lock_guard lock(state_->mutex);
  if (state_->tasks.empty()) return;
  std::fprintf(stderr, "patchbay: task '%s' outlived its scope\n", (*state_->tasks.begin())->name.c_str());
  std::abort();
}

void TaskScope::spawn(std::string name, asio::awaitable<void> task) {
  spawn_on(asio::make_strand(state_->executor), std::move(name), std::move(task));
}

void TaskScope::spawn_on(asio::any_io_executor executor, std::string name, asio::awaitable<void> task) {
  auto entry = std::make_shared<State::Task>(std::move(name), executor);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->tasks.insert(entry);
  }
  // The slot is touched on the task's own executor only: here, and when stop() posts to it.
  asio::dispatch(executor, [state = state_, entry, task = std::move(task)]() mutable {
    auto finished = [state, entry](std::exception_ptr error) { state->done(entry, error); };
    asio::co_spawn(entry->executor, std::move(task),
                   asio::bind_cancellation_slot(entry->signal.slot(), std::move(finished)));
    if (const std::lock_guard lock(state->mutex); state->stopping) {
      asio::post(entry->executor, [entry] { entry->signal.emit(asio::cancellation_type::terminal); });
    }
  });
}

asio::awaitable<void> TaskScope::stop() {
  auto start = [held = state_](auto handler) {
    // Whoever waits may go on, on another thread, before this has returned, and end what holds this function.
    const auto state = held;
    asio::any_completion_handler<void()> waiter(std::move(handler));
    std::vector<std::shared_ptr<State::Task>> running;
    {
      const std::lock_guard lock(state->mutex);
      state->stopping = true;
      running.assign(state->tasks.begin(), state->tasks.end());
      state->waiters.push_back(std::move(waiter));
    }
    for (auto& task : running) {
      asio::post(task->executor, [task] { task->signal.emit(asio::cancellation_type::terminal); });
    }
    state->tell_waiters();
  };
  auto stopped =
      asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
  co_await std::move(stopped);
}

std::size_t TaskScope::running() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tasks.size();
}

}  // namespace patchbay
