#include "sender.hpp"

#include <optional>
#include <utility>

#include "outgoing.hpp"
#include "using.hpp"

namespace messenger {
namespace {

using meta::GraphCall;
using patchbay::Error;
using patchbay::SendReply;
using patchbay::Task;

std::string made_by(const Json& answer) {
  std::string id = text_of(answer, "message_id");
  if (id.empty()) throw failure(PB_OUTCOME_UNKNOWN, "messenger.outcome_unknown", {{"status", 200}});
  return id;
}

// Whether the host makes the same part again after this failure.
bool is_repeated(const Error& error) {
  return error.code == PB_RATE_LIMITED || error.code == PB_UNAVAILABLE || error.code == PB_DEADLINE ||
         error.code == PB_UNAUTHENTICATED;
}

std::vector<std::string> texts_of(const Json& stored) {
  std::vector<std::string> out;
  if (!stored.is_array()) return out;
  for (const Json& each : stored) {
    if (each.is_string()) out.push_back(each.get<std::string>());
  }
  return out;
}

}  // namespace

Task<SendReply> Sender::send(Json request, bool human_agent) const {
  const Window window(member(request, "conversation"), host_.now(), human_agent);
  std::vector<GraphCall> calls = calls_for(request, account_.page(), window);
  const std::string key = "send:" + text_of(request, "idempotency_key");
  Attempt attempt;
  const bool goes_on = calls.size() > 1 && number_of(request, "attempt").value_or(1) > 1;
  if (goes_on) {
    std::string at = key;
    const patchbay::StoredState stored = co_await host_.state_get(std::move(at));
    attempt.made = texts_of(stored.value);
  }
  const std::int64_t began = host_.now();  // what Meta says was read until some time includes it
  const bool was_kept = !attempt.made.empty();
  attempt = co_await go_on(std::move(calls), std::move(attempt));
  const bool repeats = attempt.failed && is_repeated(*attempt.failed) && !attempt.made.empty();
  if (repeats || was_kept) {
    std::string at = key;
    Json left = repeats ? Json(attempt.made) : Json();
    co_await keep(std::move(at), std::move(left));
  }
  if (attempt.failed) {
    if (!attempt.made.empty()) attempt.failed->with_detail("provider_ids", attempt.made);
    throw std::move(*attempt.failed);
  }
  co_return SendReply(std::move(attempt.made), patchbay::rfc3339(began));
}

Task<Attempt> Sender::go_on(std::vector<GraphCall> calls, Attempt attempt) const {
  while (attempt.made.size() < calls.size() && !attempt.failed) {
    GraphCall call = calls[attempt.made.size()];
    try {
      const Json answer = co_await account_.call(std::move(call));
      attempt.made.push_back(made_by(answer));
    } catch (const Error& error) {
      attempt.failed = error;
    }
  }
  co_return attempt;
}

// Without it the host would still be right to repeat, so a failure is only logged.
Task<void> Sender::keep(std::string key, Json made) const {
  std::optional<Error> failed;
  try {
    co_await host_.state_put(std::move(key), std::move(made));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) host_.log(PB_WARN, "The progress of a message could not be kept", {{"why", failed->text}});
}

}  // namespace messenger
