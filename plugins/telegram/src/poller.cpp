#include "poller.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "translate.hpp"
#include "using.hpp"

namespace telegram {
namespace {

using patchbay::Error;
using patchbay::Task;

constexpr const char* kStateKey = "poll.offset";
constexpr int kBatch = 100;
constexpr std::int64_t kPollSeconds = 30;
constexpr std::int64_t kGraceMs = 15'000;         // beyond the poll's own time
constexpr std::int64_t kProbeMs = 10'000;         // shorter than what the host takes for a sound listener
constexpr std::int64_t kShortestEmptyMs = 1'000;  // servers for tests answer at once when there is nothing
constexpr std::int64_t kFirstPauseMs = 1'000;
constexpr std::int64_t kLongestPauseMs = 60'000;
constexpr std::int64_t kConflictPauseMs = 3'000;
constexpr std::int64_t kLongestConflictPauseMs = 300'000;
constexpr int kTriesInRun =
    3;  // a hiccup, or two hosts changing over; beyond that the run ends, so that people see it
// After a week without updates Telegram goes on with a random id: an offset of then could confirm what is
// new.
constexpr std::int64_t kOffsetHoldsMs = std::int64_t{6} * 24 * 3600 * 1000;

std::int64_t doubled(std::int64_t first, int times, std::int64_t most) {
  return std::min(most, first << std::clamp(times, 0, 10));
}

bool ends_run(const Error& error) {
  return error.code == PB_CANCELLED || error.code == PB_UNAUTHENTICATED || error.code == PB_DENIED ||
         error.code == PB_UNSUPPORTED;
}

}  // namespace

Task<void> Poller::run(std::int64_t lease) {
  co_await load_offset();
  for (;;) {
    const std::int64_t began = host_.now();
    std::int64_t pause = 0;
    Json updates;
    std::optional<Error> failed;
    try {
      updates = co_await next_batch();
    } catch (const Error& error) {
      failed = error;
    }
    if (failed) {
      pause = pause_after(*failed);
    } else {
      failures_ = conflicts_ = 0;
      problem_.clear();
      if (updates.empty()) pause = kShortestEmptyMs - (host_.now() - began);
    }
    if (!updates.empty()) {
      const std::int64_t before = offset_;
      co_await take(std::move(updates), lease);
      if (offset_ == before) pause = kShortestEmptyMs;  // the same ones will come again: no hurry
    }
    if (pause > 0) co_await host_.sleep(pause);
  }
}

Task<Json> Poller::next_batch() {
  ApiCall call("getUpdates", Effect::reads);
  // After a failure a short question tells sooner whether the server answers again.
  const std::int64_t seconds = failures_ > 0 ? 0 : kPollSeconds;
  call.arguments = {{"limit", kBatch}, {"timeout", seconds}, {"allowed_updates", allowed_updates()}};
  if (offset_ > 0 && host_.now() - offset_at_ < kOffsetHoldsMs) call.arguments["offset"] = offset_;
  call.timeout_ms = failures_ > 0 ? kProbeMs : kPollSeconds * 1000 + kGraceMs;
  call.long_poll = true;
  Json updates = co_await api_.call(std::move(call));
  if (!updates.is_array()) updates = Json::array();
  co_return updates;
}

// Stays with the batch until it is durable: a server may not give it twice.
Task<void> Poller::take(Json updates, std::int64_t lease) {
  std::vector<std::string> bodies;
  std::int64_t last = 0;
  for (const Json& update : updates) {
    bodies.push_back(update.dump(-1, ' ', false, Json::error_handler_t::replace));
    last = std::max(last, number_of(update, "update_id").value_or(0));
  }
  for (int tries = 0;; ++tries) {
    std::optional<Error> failed;
    try {
      std::vector<std::string> copies = bodies;
      co_await host_.inject("update", lease, std::move(copies));
    } catch (const Error& error) {
      failed = error;
    }
    if (!failed) break;
    if (failed->code == PB_INVALID && bodies.size() > 1) {
      co_await inject_each(std::move(bodies), lease);
      break;
    }
    if (failed->code == PB_INVALID) {
      host_.log(PB_ERROR, "An update was refused and is left out",
                {{"update_id", last}, {"why", failed->text}});
      break;
    }
    if (failed->code == PB_CONFLICT || ends_run(*failed)) throw std::move(*failed);
    const std::int64_t pause = doubled(kFirstPauseMs, tries, kLongestPauseMs);
    co_await host_.sleep(pause);
  }
  co_await confirm(last);
}

// One bad update must not hold up its neighbours.
Task<void> Poller::inject_each(std::vector<std::string> bodies, std::int64_t lease) {
  for (std::string& body : bodies) {
    std::vector<std::string> one;
    one.push_back(std::move(body));
    std::optional<Error> failed;
    try {
      co_await host_.inject("update", lease, std::move(one));
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code != PB_INVALID) throw std::move(*failed);
    if (failed) host_.log(PB_ERROR, "An update was refused and is left out", {{"why", failed->text}});
  }
}

Task<void> Poller::load_offset() {
  const patchbay::StoredState stored = co_await host_.state_get(kStateKey);
  offset_ = number_of(stored.value, "next").value_or(0);
  offset_at_ = number_of(stored.value, "at").value_or(0);
}

Task<void> Poller::confirm(std::int64_t last_id) {
  if (last_id <= 0) co_return;
  offset_ = last_id + 1;
  offset_at_ = host_.now();
  Json value = {{"next", offset_}, {"at", offset_at_}};
  co_await host_.state_put(kStateKey, std::move(value));
}

std::int64_t Poller::pause_after(const Error& error) {
  if (ends_run(error) && error.code != PB_UNSUPPORTED) {
    if (error.code != PB_CANCELLED) problem_ = error.text;
    throw error;
  }
  if (error.code == PB_RATE_LIMITED) return std::max<std::int64_t>(error.retry_after_ms, kFirstPauseMs);
  if (error.code == PB_CONFLICT) {
    const std::int64_t pause = doubled(kConflictPauseMs, conflicts_, kLongestConflictPauseMs);
    return pause_or_end(error, pause, ++conflicts_);
  }
  Error away =
      failure(PB_UNAVAILABLE, "telegram.unreachable", {{"address", api_.base()}, {"why", error.text}});
  if (error.code == PB_UNSUPPORTED) {  // a page of some proxy; it may pass
    const Json args = {{"address", api_.base()}, {"status", member(error.args, "status")}};
    away = failure(PB_UNAVAILABLE, "telegram.not_a_bot_api", args);
  }
  const std::int64_t pause = doubled(kFirstPauseMs, failures_, kLongestPauseMs);
  return pause_or_end(std::move(away), pause, ++failures_);
}

// The counts go on over runs, so that a new run which fails as well ends at once, with a longer pause.
std::int64_t Poller::pause_or_end(Error error, std::int64_t pause, int times) {
  problem_ = error.text;
  if (times < kTriesInRun) return pause;
  error.retry_after(pause);
  throw std::move(error);
}

}  // namespace telegram
