#pragma once

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "patchbay/message.hpp"
#include "patchbay/task.hpp"

namespace patchbay {

// The host's tables as this SDK knows them; what an older host lacks is null. Any thread.
class HostTable {
 public:
  explicit HostTable(const pb_host* host) : core(adopt(host)) {}

  // Asks for the typed extensions. Once, before anything else but not inside create(), where the host may not
  // be called.
  void attach() {
    if (!core.get_extension) return;
    clock = adopt(static_cast<const pb_clock*>(core.get_extension(core.ctx, PB_EXT_CLOCK)));
    net = adopt(static_cast<const pb_net*>(core.get_extension(core.ctx, PB_EXT_NET)));
    metrics = adopt(static_cast<const pb_metrics*>(core.get_extension(core.ctx, PB_EXT_METRICS)));
  }
  std::int64_t now_unix_ms() const {
    if (clock.now_unix_ms) return clock.now_unix_ms(core.ctx);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
  std::int64_t monotonic_ns() const {
    if (clock.monotonic_ns) return clock.monotonic_ns(core.ctx);
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }
  void log(std::int32_t level, std::string_view line, const Json& fields) const noexcept {
    if (!core.log) return;
    try {
      const std::string written = fields.empty() ? "" : to_text(fields);
      core.log(core.ctx, level, view(line), view(written));
    } catch (const std::exception&) {
      core.log(core.ctx, level, view(line), view(""));  // fields that cannot be written do not cost the line
    }
  }

  pb_host core;
  pb_clock clock = {};
  pb_metrics metrics = {};
  pb_net net = {};
};

// One delivered call while it is open: who asked, how long it may take, and what it waits for, so that
// cancelling the call cancels that as well. Any thread, except where said.
class CallState {
 public:
  CallState(const HostTable& host, std::uint64_t id, std::string trace, std::int64_t timeout_ms)
      : host_(host), id_(id), trace_(std::move(trace)) {
    if (timeout_ms > 0) deadline_ns_ = host.monotonic_ns() + timeout_ms * 1'000'000;
  }

  std::uint64_t id() const { return id_; }
  const std::string& trace() const { return trace_; }
  const HostTable& host() const { return host_; }
  bool is_cancelled() const { return cancelled_; }
  // Cancelled, out of time, or the instance stops.
  bool is_over() const {
    const pb_host& host = host_.core;
    return cancelled_ || (host.is_cancelled && host.is_cancelled(host.ctx, id_) != 0);
  }

  // Milliseconds left, at least 1; 0 when there is no limit.
  std::int64_t remaining_ms() const {
    if (!deadline_ns_) return 0;
    const std::int64_t left = (deadline_ns_ - host_.monotonic_ns()) / 1'000'000;
    return left < 1 ? 1 : left;
  }

  // The host lost interest, or the instance stops: what the call waits for ends early.
  void cancel() {
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    end_wait(lock);
  }

  // On the strand: the call now waits for that request, timer or connection. A call that is cancelled already
  // does not wait.
  void waits_for_request(std::uint64_t id) { wait(Wait::request, id); }
  void waits_for_timer(std::uint64_t id) { wait(Wait::timer, id); }
  void waits_for_stream(std::uint64_t id) { wait(Wait::stream, id); }
  void waits_no_more() {
    const std::lock_guard lock(mutex_);
    wait_ = Wait::nothing;
  }

 private:
  enum class Wait { nothing, request, timer, stream };

  void wait(Wait kind, std::uint64_t id) {
    std::unique_lock lock(mutex_);
    wait_ = kind;
    wait_id_ = id;
    if (cancelled_) end_wait(lock);
  }
  void end_wait(std::unique_lock<std::mutex>& lock) {
    const Wait kind = wait_;
    const std::uint64_t id = wait_id_;
    lock.unlock();  // the host may come back to us on this thread
    if (kind == Wait::request && host_.core.cancel) host_.core.cancel(host_.core.ctx, id);
    if (kind == Wait::stream && host_.net.cancel) host_.net.cancel(host_.core.ctx, id);
    if (kind == Wait::timer && host_.clock.cancel) host_.clock.cancel(host_.core.ctx, id);
  }

  const HostTable& host_;
  const std::uint64_t id_;
  const std::string trace_;
  std::int64_t deadline_ns_ = 0;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;
  Wait wait_ = Wait::nothing;
  std::uint64_t wait_id_ = 0;
};

// What a verb may know about the call that it serves. Cheap to copy. Until destroy, any thread.
class CallContext {
 public:
  explicit CallContext(std::shared_ptr<CallState> state) : state_(std::move(state)) {}

  // The host lost interest: finish soon. Awaits of a cancelled call end early with Error(PB_CANCELLED).
  bool is_cancelled() const { return state_->is_over(); }
  // W3C traceparent, or empty. Host calls carry it without your doing.
  const std::string& trace() const { return state_->trace(); }
  // Milliseconds left, at least 1; 0 when there is no limit.
  std::int64_t remaining_ms() const { return state_->remaining_ms(); }
  // A log line that names this call's trace.
  void log(std::int32_t level, std::string_view line, Json fields = Json::object()) const {
    if (!state_->trace().empty()) fields["trace"] = state_->trace();
    state_->host().log(level, line, fields);
  }

 private:
  std::shared_ptr<CallState> state_;
};

class ThisCall {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> asking) {
    state_ = asking.promise().chain->call();
    return false;
  }
  CallContext await_resume() { return CallContext(std::move(state_)); }

 private:
  std::shared_ptr<CallState> state_;
};

// const CallContext call = co_await patchbay::this_call();   in any task, however deep; does not suspend.
inline ThisCall this_call() {
  return ThisCall();
}

}  // namespace patchbay
