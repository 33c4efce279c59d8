#include "jobs/impl/decide.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"

namespace patchbay::jobs {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Duration kPause = 1s;         // between runs of a continuous job
constexpr Duration kUnsaidPause = 60s;  // a provider asks for a pause and does not say how long
constexpr Duration kFirstRepeat = 5s;
constexpr Duration kLongestRepeat = 1h;
constexpr std::int64_t kShownAfter = 3;  // what may pass is shown when it happens again and again

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::deadline || code == Code::outcome_unknown ||
         code == Code::cancelled;
}

json object_of(const port::Result& result) {
  auto message = json::parse(result.message.json, nullptr, false);
  return message.is_object() ? message : json::object();
}

std::string scope_of(const port::Result& result) {
  const auto message = object_of(result);
  const auto found = message.find("scope");
  return found != message.end() && found->is_string() ? found->get<std::string>() : "integration";
}

bool has_more(const port::Result& result) {
  const auto message = object_of(result);
  const auto found = message.find("more");
  return found != message.end() && *found == true;
}

// From the start rather than the end, so that what runs for long keeps its rhythm; never in the past.
std::optional<TimePoint> by_schedule(const schedule::Schedule& schedule, const Ended& ended) {
  if (schedule.is_continuous()) return ended.now + kPause;
  const auto next = schedule.next(ended.started, ended.random);
  if (!next || *next > ended.now) return next;
  return schedule.next(ended.now - schedule.interval(), ended.random);
}

Decision after_success(const port::Result& result, const schedule::Schedule& schedule, const Ended& ended) {
  Decision out;
  out.ending = has_more(result) ? Ending::more : Ending::done;
  out.cause = has_more(result) ? Cause::more : Cause::schedule;
  out.due = has_more(result) ? ended.now : by_schedule(schedule, ended);
  return out;
}

Decision after_limit(const port::Result& result, const Ended& ended) {
  Decision out;
  out.ending = Ending::limited;
  out.cause = Cause::more;
  out.failures = ended.failures;
  out.due = ended.now + (result.retry_after.count() > 0 ? result.retry_after : kUnsaidPause);
  out.scope = scope_of(result);
  // A conversation is none of the others' business.
  if (out.scope != "conversation") out.pause_until = out.due;
  return out;
}

Decision after_failure(const port::Result& result, const schedule::Schedule& schedule, const Ended& ended) {
  Decision out;
  out.ending = Ending::failed;
  out.cause = Cause::retry;
  out.failures = ended.failures + 1;
  // Its process ended under it: the first time is worth another try at once, the supervisor sees to the rest.
  const auto again = std::min<std::int64_t>(result.lost ? ended.failures : out.failures, 1000);
  auto wait = again == 0 ? Duration{0} : back_off(kFirstRepeat, kLongestRepeat, static_cast<int>(again));
  wait += Duration(static_cast<std::int64_t>(ended.random * static_cast<double>(wait.count()) / 5));
  const auto earliest = ended.now + result.retry_after;
  out.due = std::max(ended.now + wait, earliest);
  // The next regular run is as good as a repetition.
  const auto regular = by_schedule(schedule, ended);
  if (regular && !schedule.is_continuous()) out.due = std::min(*out.due, std::max(*regular, earliest));
  const bool passes = may_pass(result.code) && !result.poison;
  out.trouble = !passes || out.failures >= kShownAfter;
  return out;
}

}  // namespace

Decision decide(const port::Result& result, const schedule::Schedule& schedule, const Ended& ended) {
  if (result.ok()) return after_success(result, schedule, ended);
  if (ended.ours) {
    Decision out;
    out.ending = Ending::cancelled;
    out.cause = Cause::more;
    out.due = ended.now;
    out.failures = ended.failures;
    return out;
  }
  if (result.code == Code::rate_limited) return after_limit(result, ended);
  auto out = after_failure(result, schedule, ended);
  if (result.code == Code::conflict) out.trouble = out.failures >= kShownAfter;
  if (result.poison) out.held = true;  // each time costs the others of its worker (HOST-5)
  if (result.code == Code::unauthenticated) {
    out.held = true;
    out.trouble = false;
  }
  return out;
}

}  // namespace patchbay::jobs
