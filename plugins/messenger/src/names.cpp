#include "names.hpp"

#include <optional>
#include <utility>

#include "translate.hpp"

namespace messenger {
namespace {

using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::Task;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kKeptMs = 24 * kHourMs;
constexpr std::int64_t kTogetherMs = 2'000;
constexpr std::int64_t kShortestMs = 100;  // what is left of it must do for an answer
constexpr std::size_t kMost = 10'000;

bool is_from_client(const Json& event) {
  const std::string type = text_of(event, "type");
  const bool speaks = type == "message.received" || type == "message.edited" || type == "button.pressed";
  return speaks && !flag_of(member(event, "data"), "from_us");
}

}  // namespace

Task<Json> Names::fill_in(Json events) {
  const std::string ours = identity_of(account_.page());
  const std::int64_t until = host_.now() + kTogetherMs;
  for (Json& event : events) {
    if (text_of(event, "identity") != ours || !is_from_client(event)) continue;
    std::string person = text_of(event, "order_key");
    const std::string name = co_await name_of(std::move(person), until);
    if (name.empty()) continue;
    event["data"]["conversation"]["title"] = name;
    event["data"]["author"]["name"] = name;
  }
  co_return events;
}

Task<std::string> Names::name_of(std::string person, std::int64_t until) {
  const std::int64_t now = host_.now();
  if (const auto found = known_.find(person); found != known_.end() && found->second.until > now)
    co_return found->second.name;
  if (until - now < kShortestMs) co_return "";
  Known fresh;
  fresh.until = now + kHourMs;
  std::optional<Error> failed;
  try {
    GraphCall call("GET", person, Effect::reads);
    call.query = {{"fields", "first_name,last_name"}};
    call.timeout_ms = until - now;
    const Json answer = co_await graph_.call(std::move(call));
    const std::string first = text_of(answer, "first_name");
    const std::string last = text_of(answer, "last_name");
    fresh.name = first + (first.empty() || last.empty() ? "" : " ") + last;
    fresh.until = now + kKeptMs;
  } catch (const Error& error) {
    failed = error;
  }
  if (failed && failed->code == PB_CANCELLED) throw std::move(*failed);
  // With another token it is told.
  if (failed && failed->code == PB_UNAUTHENTICATED) co_return "";
  if (known_.size() >= kMost) known_.clear();
  known_[person] = fresh;
  co_return fresh.name;
}

}  // namespace messenger
