// What a plugin asks of its host: any thread, at any time, also when it should not.
#include <cmath>

#include <boost/asio/post.hpp>

#include "port/impl/adopt.hpp"
#include "port/impl/gated.hpp"
#include "port/impl/seat.hpp"
#include "port/limits.hpp"

namespace patchbay::port {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMostAlarms = 10'000;
constexpr std::uint64_t kMostMetrics = 64;
constexpr std::size_t kMostLogText = 8u << 10;
constexpr std::int64_t kLongestDelay = 1000ll * 3600 * 24 * 30;

bool is_metric_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool fine = (c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9');
    if (!fine) return false;
  }
  return true;
}

bool are_label_names(std::string_view names) {
  constexpr int kMostLabels = 4;
  for (int count = 1; !names.empty(); ++count) {
    const auto comma = names.find(',');
    if (count > kMostLabels || !is_metric_name(names.substr(0, comma))) return false;
    names.remove_prefix(comma == names.npos ? names.size() : comma + 1);
  }
  return true;
}

}  // namespace

// Not while create() runs (the contract), nor once the end has begun.
bool Seat::refuses_host_calls(const char* what) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (life_ == Life::running) return false;
    if (life_ != Life::creating) return true;
  }
  complain(std::string("the plugin used ") + what + " inside create; it may not call the host there");
  return true;
}

pb_code Seat::take_call(const pb_call* call, pb_reply_fn reply, void* user, std::uint64_t* out_id) noexcept
    try {
  if (refuses_host_calls("call")) return PB_CANCELLED;
  const auto request = adopt(call);
  const auto method = text_of(request.method);
  if (call == nullptr || reply == nullptr || method.empty() || method.size() > kMaxHead / 8) {
    complain("the plugin called the host without a method or without a reply function");
    return PB_INVALID;
  }
  Message message;
  if (!take_message(request.msg, message)) {
    complain("the plugin's request " + std::string(method) +
             " is over the limits (4 MiB of JSON, 16 MiB in all) or not JSON");
    return PB_INVALID;
  }
  const auto trace = text_of(request.trace).substr(0, 256);
  Call mine(std::string(method), std::move(message), std::string(trace),
            Duration{std::max<std::int64_t>(request.timeout_ms, 0)});
  const auto id = next_call_number();
  if (out_id != nullptr) *out_id = id;
  return ask_host(id, std::move(mine), reply_to(reply, user));
} catch (...) {
  complain("a request of the plugin failed inside the host");
  return PB_INTERNAL;
}

pb_code Seat::ask_host(std::uint64_t id, Call call, Stream::Done reply) {
  {
    const std::lock_guard lock(mutex_);
    if (life_ != Life::running) return PB_CANCELLED;
    if (asked_.size() >= kMaxHostCalls) return PB_RATE_LIMITED;
    asked_.emplace(id, std::move(reply));
  }
  auto answered = [weak = weak_from_this()](std::uint64_t number, Result result) {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->strand_, [self, number, result = std::move(result)]() mutable {
      self->run_reply(number, std::move(result));
    });
  };
  try {
    host_->ask(id, std::move(call), [answered, id](Result result) { answered(id, std::move(result)); });
  } catch (const Error& error) {
    answered(id, failure(error.code(), error.text()));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    asked_.erase(id);  // what is refused gets no reply
    throw;
  }
  return PB_OK;
}

void Seat::run_reply(std::uint64_t id, Result result) {
  Stream::Done reply;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(id);
    if (found == asked_.end()) return;  // answered already, by the end of the instance
    reply = std::move(found->second);
    asked_.erase(found);
  }
  reply(std::move(result));
}

void Seat::give(pb_reply_fn reply, void* user, const Result& result) {
  const Lent lent(result.message);
  pb_result mine{};
  mine.struct_size = sizeof mine;
  mine.code = static_cast<pb_code>(result.code);
  mine.retry_after_ms =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(result.retry_after.count(), 0, UINT32_MAX));
  mine.text = view_of(result.text);
  mine.msg = lent.get();
  enter("reply function", [&] { reply(user, &mine); });
}

void Seat::take_cancel(std::uint64_t id) noexcept try {
  {
    const std::lock_guard lock(mutex_);
    if (!asked_.contains(id)) return;
  }
  host_->cancel(id);
} catch (...) {
  complain("a cancellation by the plugin failed inside the host");
}

void Seat::take_answer(std::uint64_t id, const pb_result* result) noexcept try {
  auto mine = take_result(result);
  Instance::Done done;
  bool destroyed = false;
  {
    const std::lock_guard lock(mutex_);
    destroyed = life_ == Life::destroyed;
    const auto found = open_.find(id);
    if (found != open_.end() && found->second.delivered) {
      done = std::move(found->second.done);
      open_.erase(found);
    }
  }
  if (done) return done(std::move(mine));
  if (!destroyed)
    complain("the plugin answered call " + std::to_string(id) + " that is not open: the first answer counts");
} catch (...) {
  complain("an answer of the plugin failed inside the host");
}

std::int32_t Seat::is_cancelled(std::uint64_t id) noexcept {
  const auto now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end() || found->second.cancelled || life_ != Life::running) return 1;
  return found->second.limit.count() != 0 && now >= found->second.limit ? 1 : 0;
}

pb_code Seat::take_post(void (*fn)(void*), void* user) noexcept try {
  if (fn == nullptr) return PB_INVALID;
  if (refuses_host_calls("post")) return PB_CANCELLED;
  // Accepting and queueing are one step: what is accepted stands on the strand before the end does.
  const std::lock_guard lock(mutex_);
  if (life_ != Life::running) return PB_CANCELLED;
  asio::post(strand_,
             [self = shared_from_this(), fn, user] { self->enter("posted function", [&] { fn(user); }); });
  return PB_OK;
} catch (...) {
  return PB_INTERNAL;
}

void Seat::take_log(std::int32_t level, pb_view text, pb_view fields) noexcept try {
  const auto known = std::clamp<std::int32_t>(level, PB_TRACE, PB_ERROR);
  const auto extra = fields.size > kMostLogText ? std::string_view{} : text_of(fields);
  host_->log(known, std::string(text_of(text).substr(0, kMostLogText)), std::string(extra));
} catch (...) {
  complain("a log line of the plugin was lost");
}

std::uint64_t Seat::start_timer(std::int64_t delay_ms, void (*fn)(void*), void* user) noexcept try {
  if (fn == nullptr || refuses_host_calls("pb.clock/1:after")) return 0;
  const Duration delay(std::clamp<std::int64_t>(delay_ms, 0, kLongestDelay));
  const std::lock_guard lock(mutex_);
  if (life_ != Life::running || alarms_.size() >= kMostAlarms) return 0;
  const auto id = ++last_alarm_;
  auto& alarm = alarms_[id];
  alarm.fn = fn;
  alarm.user = user;
  alarm.timer = clock_.after(strand_, delay, [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->run_alarm(id);
  });
  return id;
} catch (...) {
  return 0;
}

void Seat::hurry_timer(std::uint64_t id) noexcept try {
  const std::lock_guard lock(mutex_);
  if (!alarms_.contains(id)) return;
  asio::post(strand_, [self = shared_from_this(), id] { self->run_alarm(id); });
} catch (...) {
  complain("a timer of the plugin could not be hurried; it runs when it is due");
}

void Seat::run_alarm(std::uint64_t id) {
  Alarm alarm;
  {
    const std::lock_guard lock(mutex_);
    const auto found = alarms_.find(id);
    if (found == alarms_.end()) return;
    alarm = std::move(found->second);
    alarms_.erase(found);
  }
  enter("timer", [&] { alarm.fn(alarm.user); });
}

std::uint64_t Seat::define_metric(std::int32_t kind, pb_view name, pb_view help, pb_view labels) noexcept
    try {
  const auto names = text_of(labels);
  if (kind < PB_COUNTER || kind > PB_HISTOGRAM || !is_metric_name(text_of(name)) || !are_label_names(names)) {
    complain(
        "the plugin defined a metric with a bad kind, name or label: a-z, 0-9 and _ only, at most 4 labels");
    return 0;
  }
  std::uint64_t handle = 0;
  {
    const std::lock_guard lock(mutex_);
    if (last_metric_ >= kMostMetrics) return 0;
    handle = ++last_metric_;
  }
  host_->define_metric(handle, kind, std::string(text_of(name)), std::string(text_of(help).substr(0, 1024)),
                       std::string(names));
  return handle;
} catch (...) {
  return 0;
}

void Seat::record_metric(std::uint64_t handle, double value, pb_view labels) noexcept try {
  {
    const std::lock_guard lock(mutex_);
    if (handle == 0 || handle > last_metric_) return;
  }
  if (!std::isfinite(value)) return complain("the plugin recorded a metric that is no finite number");
  host_->record_metric(handle, value, std::string(text_of(labels).substr(0, 1024)));
} catch (...) {
  complain("a metric of the plugin was lost");
}

}  // namespace patchbay::port
