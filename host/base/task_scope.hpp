#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace patchbay {

// Owns spawned coroutines: none outlives the scope's stop(). Each runs on a strand of its own unless an
// executor is given. Any thread may spawn.
class TaskScope {
 public:
  // Hears of every exception that leaves a task (cancellation apart), on that task's executor.
  using OnError = std::function<void(const std::string& name, std::exception_ptr error)>;

  TaskScope(boost::asio::any_io_executor executor, OnError on_error);
  // Ends the process if tasks are still running: stop() must have been awaited.
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // After stop() has begun, `task` is dropped without having run.
  void spawn(std::string name, boost::asio::awaitable<void> task);
  void spawn_on(boost::asio::any_io_executor executor, std::string name, boost::asio::awaitable<void> task);

  // Asks every task to end (terminal cancellation) and waits until all have.
  boost::asio::awaitable<void> stop();

  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay
