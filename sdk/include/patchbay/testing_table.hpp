#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>

#include "patchbay/testing_net.hpp"

namespace patchbay::testing {

// The C side of FakeHost: the tables that a plugin calls, what it asked for, and what waits for the strand.
class FakeTable {
 public:
  FakeTable() {
    net.later = [this](std::function<void()> work) { enqueue(std::move(work)); };
    net.after = [this](std::int64_t delay_ms, std::function<void()> work) {
      auto* kept = new std::function<void()>(std::move(work));
      const auto ring = [](void* user) {
        (*std::unique_ptr<std::function<void()>>(static_cast<std::function<void()>*>(user)))();
      };
      if (after(this, delay_ms, ring, kept) == 0) enqueue([=] { ring(kept); });
    };
  }
  FakeTable(const FakeTable&) = delete;
  FakeTable& operator=(const FakeTable&) = delete;

  std::int64_t now_unix_ms() const { return now_ms_; }

  Services services;
  Connections net;
  std::vector<Request> requests;  // all that were made
  std::vector<LogLine> logs;
  std::map<std::string, double> metrics;  // "name{values}": sum of a counter, last value of the others
  std::vector<std::string> violations;    // of the contract, by the plugin
  std::size_t most_timers = 10'000;       // running at once: one more is refused

 protected:
  class Call {
   public:
    std::string method;
    bool answered = false;
    bool cancelled = false;
    Result result;
  };
  class Open {
   public:
    Request request;
    pb_reply_fn reply = nullptr;
    void* user = nullptr;
  };
  class PendingTimer {
   public:
    std::int64_t due_ms = 0;
    void (*fn)(void*) = nullptr;
    void* user = nullptr;
  };

  const pb_host* table(std::uint32_t host_size) {
    std::fill(std::begin(table_.beyond), std::end(table_.beyond), '\x7f');
    table_.known = {host_size,      PB_ABI_MINOR, this,         extension, ask,
                    cancel_request, finish,       is_cancelled, post,      log};
    return &table_.known;
  }
  std::uint64_t next_id() {
    const std::lock_guard lock(mutex_);
    return ++last_id_;
  }
  void enqueue(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  std::function<void()> take() {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return {};
    std::function<void()> next = std::move(queue_.front());
    queue_.pop_front();
    return next;
  }
  // When the next timer is due, and which it is.
  std::optional<std::pair<std::int64_t, std::uint64_t>> first_timer() const {
    const std::lock_guard lock(mutex_);
    std::optional<std::pair<std::int64_t, std::uint64_t>> first;
    for (const auto& [id, timer] : timers_)
      if (!first || timer.due_ms < first->first) first.emplace(timer.due_ms, id);
    return first;
  }
  void violate(std::string text) {
    const std::lock_guard lock(mutex_);
    violations.push_back(std::move(text));
  }
  // Makes a timer run with the next turn.
  void ring(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    queue_.push_back([fn = found->second.fn, user = found->second.user] { fn(user); });
    timers_.erase(found);
  }
  void serve(std::uint64_t id) {
    std::optional<Request> request;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = open_.find(id); found != open_.end()) request = found->second.request;
    }
    if (!request) return;
    if (const std::optional<Result> result = services.serve(*request)) reply_now(id, *result);
  }
  void reply_now(std::uint64_t id, const Result& given) {
    std::unique_lock lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    const Open open = found->second;
    open_.erase(found);
    lock.unlock();
    const Packed packed(given.json, given.blobs);
    const pb_result result = {sizeof result,    given.code,      given.retry_after_ms, 0,
                              view(given.text), packed.message()};
    open.reply(open.user, &result);
  }

  mutable std::mutex mutex_;  // the plugin's own threads may call in
  std::map<std::uint64_t, Call> calls_;
  std::map<std::uint64_t, Open> open_;
  std::map<std::uint64_t, PendingTimer> timers_;
  std::deque<std::function<void()>> queue_;
  std::atomic<std::int64_t> now_ms_ = 1'767'225'600'000;  // 2026-01-01
  std::atomic<bool> creating_ = false;
  std::atomic<bool> stopping_ = false;

 private:
  static FakeTable& self(void* ctx) { return *static_cast<FakeTable*>(ctx); }
  void forbid_in_create(const char* function) {
    if (creating_) violate(std::string("create() called host->") + function);
  }

  // --- pb_host
  static const void* extension(void* ctx, const char* id) {
    self(ctx).forbid_in_create("get_extension");
    if (std::string_view(id) == PB_EXT_CLOCK) return &kClock;
    if (std::string_view(id) == PB_EXT_METRICS) return &kMetrics;
    if (std::string_view(id) == PB_EXT_NET) return &kNetTable<FakeTable>;
    return nullptr;
  }
  static pb_code ask(void* ctx, const pb_call* lent, pb_reply_fn reply, void* user, std::uint64_t* out_id) {
    FakeTable& host = self(ctx);
    host.forbid_in_create("call");
    const pb_call call = adopt(lent);
    const std::lock_guard lock(host.mutex_);
    if (host.stopping_) return PB_CANCELLED;
    Open open;
    open.reply = reply;
    open.user = user;
    open.request.id = ++host.last_id_;
    open.request.method = text(call.method);
    open.request.trace = text(call.trace);
    open.request.timeout_ms = call.timeout_ms;
    Message message = Message::copy(call.msg);
    open.request.json = std::move(message.json);
    open.request.blobs = std::move(message.blobs);
    host.requests.push_back(open.request);
    const std::uint64_t id = open.request.id;
    host.open_[id] = std::move(open);
    host.queue_.push_back([&host, id] { host.serve(id); });
    if (out_id) *out_id = id;
    return PB_OK;
  }
  static void cancel_request(void* ctx, std::uint64_t id) {
    FakeTable& host = self(ctx);
    const std::lock_guard lock(host.mutex_);
    if (const auto found = host.open_.find(id); found != host.open_.end())
      found->second.request.cancelled = true;
    host.queue_.push_back([&host, id] { host.reply_now(id, Result(PB_CANCELLED, "Cancelled")); });
  }
  static void finish(void* ctx, std::uint64_t id, const pb_result* lent) {
    FakeTable& host = self(ctx);
    const pb_result given = adopt(lent);
    Message message = Message::copy(given.msg);
    const std::lock_guard lock(host.mutex_);
    const auto found = host.calls_.find(id);
    if (found == host.calls_.end())
      return host.violations.push_back("an answer to call " + std::to_string(id) + ", which does not exist");
    if (found->second.answered)
      return host.violations.push_back(found->second.method + " was answered twice");
    found->second.answered = true;
    found->second.result = Result(given.code, std::string(text(given.text)), std::move(message.json));
    found->second.result.retry_after_ms = given.retry_after_ms;
    found->second.result.blobs = std::move(message.blobs);
  }
  static std::int32_t is_cancelled(void* ctx, std::uint64_t id) {
    const std::lock_guard lock(self(ctx).mutex_);
    const auto found = self(ctx).calls_.find(id);
    return found == self(ctx).calls_.end() || found->second.cancelled || found->second.answered;
  }
  static pb_code post(void* ctx, void (*fn)(void*), void* user) {
    const std::lock_guard lock(self(ctx).mutex_);
    if (self(ctx).stopping_) return PB_CANCELLED;
    self(ctx).queue_.push_back([fn, user] { fn(user); });
    return PB_OK;
  }
  static void log(void* ctx, std::int32_t level, pb_view line, pb_view fields) {
    LogLine copied;
    copied.level = level;
    copied.text = text(line);
    copied.fields = text(fields);
    const std::lock_guard lock(self(ctx).mutex_);
    self(ctx).logs.push_back(std::move(copied));
  }

  // --- pb.clock/1 and pb.metrics/1
  static std::int64_t now(void* ctx) { return self(ctx).now_ms_; }
  static std::int64_t monotonic(void* ctx) { return self(ctx).now_ms_ * 1'000'000; }
  static std::uint64_t after(void* ctx, std::int64_t delay_ms, void (*fn)(void*), void* user) {
    const std::lock_guard lock(self(ctx).mutex_);
    if (self(ctx).stopping_ || self(ctx).timers_.size() >= self(ctx).most_timers) return 0;
    PendingTimer timer;
    timer.due_ms = self(ctx).now_ms_ + std::max<std::int64_t>(delay_ms, 0);
    timer.fn = fn;
    timer.user = user;
    const std::uint64_t id = ++self(ctx).last_id_;
    self(ctx).timers_[id] = timer;
    return id;
  }
  static void cancel_timer(void* ctx, std::uint64_t id) { self(ctx).ring(id); }
  static std::uint64_t define(void* ctx, std::int32_t kind, pb_view name, pb_view, pb_view) {
    const std::lock_guard lock(self(ctx).mutex_);
    self(ctx).defined_.emplace_back(kind, text(name));
    return self(ctx).defined_.size();
  }
  static void record(void* ctx, std::uint64_t handle, double value, pb_view label_values) {
    const std::lock_guard lock(self(ctx).mutex_);
    if (handle == 0 || handle > self(ctx).defined_.size())
      return self(ctx).violations.push_back("a value for an unknown metric");
    const auto& [kind, name] = self(ctx).defined_[handle - 1];
    double& kept = self(ctx).metrics[name + "{" + std::string(text(label_values)) + "}"];
    kept = kind == PB_COUNTER ? kept + value : value;
  }

  static constexpr pb_clock kClock = {sizeof(pb_clock), 0, now, monotonic, after, cancel_timer};
  static constexpr pb_metrics kMetrics = {sizeof(pb_metrics), 0, define, record};

  struct {
    pb_host known;
    char beyond[64];  // what a newer host would have
  } table_ = {};
  std::uint64_t last_id_ = 0;
  std::vector<std::pair<std::int32_t, std::string>> defined_;
};

}  // namespace patchbay::testing
