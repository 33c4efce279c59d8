#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/call.hpp"

// What a task can wait for at the host. Host wraps these; a plugin need not know them.
namespace patchbay {

// Something that ends with a reply of the host, as an awaitable. A named local, awaited once.
class Reply {
 public:
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_resume() const noexcept {}

  // The reply, or the host's failure thrown as Error.
  Message take() {
    if (error_) throw std::move(*error_);
    return std::move(reply_);
  }

 protected:
  Reply(const HostTable& host, std::string what) : host_(host), what_(std::move(what)) {}

  template <class Promise>
  const std::shared_ptr<CallState>& suspend(std::coroutine_handle<Promise> task) {
    task_ = task;
    chain_ = task.promise().chain;
    return chain_->call();
  }
  bool refused(pb_code code) {
    if (code == PB_OK) return false;
    error_.emplace(code, what_ + ": the host did not take the request (" + code_name(code) + ")");
    return true;
  }
  bool has_come() const { return replied_; }

  static void on_reply(void* user, const pb_result* lent) noexcept {
    auto* self = static_cast<Reply*>(user);
    self->replied_ = true;
    self->chain_->call()->waits_no_more();
    self->keep(adopt(lent));
    self->chain_->resume(self->task_);
  }

  const HostTable& host_;
  const std::string what_;

 private:
  // Out of memory ends the process here: there is nobody to tell.
  void keep(const pb_result& result) noexcept {
    try {
      if (result.msg) reply_ = Message::copy(result.msg);
      if (result.code == PB_OK) return;
      const std::string_view said = text(result.text);
      error_.emplace(result.code, said.empty() ? what_ + ": " + code_name(result.code) : std::string(said));
      error_->retry_after(result.retry_after_ms).adopt(std::move(reply_.json));
    } catch (const Error& unreadable) {
      error_.emplace(PB_INTERNAL, what_ + ": " + unreadable.text);
    }
  }

  std::coroutine_handle<> task_;
  Chain* chain_ = nullptr;
  bool replied_ = false;
  Message reply_;
  std::optional<Error> error_;
};

// One request to the host.
class HostRequest : public Reply {
 public:
  HostRequest(const HostTable& host, std::string method, Json body, std::vector<std::string> blobs)
      : Reply(host, std::move(method)), body_(std::move(body)), blobs_(std::move(blobs)) {}

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> task) {
    const std::shared_ptr<CallState> state = suspend(task);
    const Packed packed(body_, blobs_);
    pb_call call = {};
    call.struct_size = sizeof call;
    call.method = view(what_);
    call.trace = view(state->trace());
    call.timeout_ms = state->remaining_ms();
    call.msg = packed.message();
    std::uint64_t id = 0;
    if (refused(
            host_.core.call(host_.core.ctx, &call, &HostRequest::on_reply, static_cast<Reply*>(this), &id)))
      return false;
    if (!has_come()) state->waits_for_request(id);
    return true;
  }

 private:
  Json body_;
  std::vector<std::string> blobs_;
};

// A pause, as an awaitable. A named local, awaited once.
class Timer {
 public:
  Timer(const HostTable& host, std::int64_t milliseconds) : host_(host), milliseconds_(milliseconds) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool await_ready() const noexcept { return false; }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> task) {
    task_ = task;
    chain_ = task.promise().chain;
    if (!host_.clock.after)
      throw Error(PB_UNSUPPORTED, "The host offers no pb.clock/1, so this plugin cannot wait");
    const std::shared_ptr<CallState> state = chain_->call();
    due_ns_ = host_.monotonic_ns() + milliseconds_ * 1'000'000;
    const std::uint64_t id = host_.clock.after(host_.core.ctx, milliseconds_, &Timer::on_time, this);
    if (id == 0) {
      refused_ = !state->is_over();
      return false;
    }
    if (!rang_) state->waits_for_timer(id);
    return true;
  }

  void await_resume() const noexcept {}

  // Throws when the pause ended early: cancelled, or the instance stops.
  void check() const {
    if (refused_) throw Error(PB_RATE_LIMITED, "Too many timers of this instance are running");
    if (rang_ && host_.monotonic_ns() >= due_ns_ - kEarly) return;
    throw Error(PB_CANCELLED, "Cancelled while waiting");
  }

 private:
  static constexpr std::int64_t kEarly = 2'000'000;  // clocks may round

  static void on_time(void* user) noexcept {
    auto* self = static_cast<Timer*>(user);
    self->rang_ = true;
    self->chain_->call()->waits_no_more();
    self->chain_->resume(self->task_);
  }

  const HostTable& host_;
  const std::int64_t milliseconds_;
  std::int64_t due_ns_ = 0;
  std::coroutine_handle<> task_;
  Chain* chain_ = nullptr;
  bool rang_ = false;
  bool refused_ = false;  // though neither the call nor the instance ends
};

// Runs `work` once on the strand. False while the instance stops. What it throws is logged.
inline bool post(const HostTable& host, std::function<void()> work) {
  class Job {
   public:
    Job(const HostTable& host, std::function<void()> work) : host_(host), work_(std::move(work)) {}
    static void run(void* user) noexcept {
      const std::unique_ptr<Job> self(static_cast<Job*>(user));
      try {
        self->work_();
      } catch (const std::exception& error) {
        self->host_.log(PB_ERROR, std::string("Posted work failed: ") + error.what(), Json());
      } catch (...) {
        self->host_.log(PB_ERROR, "Posted work failed with an exception of unknown type", Json());
      }
    }

   private:
    const HostTable& host_;
    std::function<void()> work_;
  };
  auto job = std::make_unique<Job>(host, std::move(work));
  if (!host.core.post || host.core.post(host.core.ctx, &Job::run, job.get()) != PB_OK) return false;
  static_cast<void>(job.release());  // run() ends it
  return true;
}

}  // namespace patchbay
