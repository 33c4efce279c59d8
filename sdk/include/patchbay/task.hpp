#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace patchbay {

class CallState;

// What drives the tasks of one call: they hand each other the turn by setting what is next and returning
// here, so the stack never grows with the number of awaits, at any optimisation level (no symmetric
// transfer). Used on one strand.
class Chain {
 public:
  explicit Chain(std::shared_ptr<CallState> call) : call_(std::move(call)) {}
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  virtual ~Chain() = default;

  // Goes on with `next`, until every task waits or the first is done. From inside a running task it only
  // notes it. May destroy the chain before it returns.
  void resume(std::coroutine_handle<> next) {
    next_ = next;
    if (running_) return;
    running_ = true;
    while (next_) std::exchange(next_, {}).resume();
    running_ = false;
    if (done_) finished();
  }

  // The call that these tasks serve.
  const std::shared_ptr<CallState>& call() const { return call_; }

 private:
  template <class T>
  friend class Task;
  friend class TaskPromise;

  // The first task of the chain has ended. The last thing that resume() does.
  virtual void finished() = 0;

  std::shared_ptr<CallState> call_;
  std::coroutine_handle<> next_;
  bool running_ = false;
  bool done_ = false;
};

class TaskPromise {
 public:
  // At the end of a task its awaiter is next; the first task of a chain has none.
  class End {
   public:
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      TaskPromise& promise = ended.promise();
      promise.chain->next_ = promise.awaiter;
      if (!promise.awaiter) promise.chain->done_ = true;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  End final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  Chain* chain = nullptr;
  std::coroutine_handle<> awaiter;
  std::exception_ptr error;
};

template <class T>
class TaskResult : public TaskPromise {
 public:
  template <class U>
  void return_value(U&& given) {
    value.emplace(std::forward<U>(given));
  }
  T take() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
class TaskResult<void> : public TaskPromise {
 public:
  void return_void() const noexcept {}
  void take() const {
    if (error) std::rethrow_exception(error);
  }
};

// A coroutine that starts when it is awaited and hands its result, or its exception, to whoever awaits it.
//
// With g++ 12 the operand of co_await must be one call on names, std::move(name), literals or plain
// accessors: no braces, no ?:, no lambda, no temporary aggregate in or around it. The compiler destroys those
// twice, silently.
template <class T>
class [[nodiscard]] Task {
 public:
  class promise_type : public TaskResult<T> {
   public:
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
    TaskPromise& own = handle_.promise();
    own.chain = awaiter.promise().chain;
    own.awaiter = awaiter;
    own.chain->next_ = handle_;
  }
  T await_resume() { return handle_.promise().take(); }

  // Makes this the first task of a chain and runs it. The task must outlive the chain's work.
  void start(Chain& chain) {
    handle_.promise().chain = &chain;
    chain.resume(handle_);
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

}  // namespace patchbay
