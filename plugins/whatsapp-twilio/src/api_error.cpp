#include "api_error.hpp"

#include <algorithm>
#include <charconv>

#include "codes.hpp"

namespace twilio {
namespace {

using patchbay::Error;

constexpr std::int64_t kLongestPauseSeconds = 24 * 3600;

pb_code code_of(Meaning meaning) {
  switch (meaning) {
    case Meaning::person:
      return PB_DENIED;
    case Meaning::credentials:
      return PB_UNAUTHENTICATED;
    case Meaning::unknown_to:
      return PB_NOT_FOUND;
    case Meaning::wait:
      return PB_RATE_LIMITED;
    case Meaning::final:
      break;
  }
  return PB_INVALID;
}

Error rate_limited(const std::string& retry_after) {
  std::int64_t seconds = 1;
  std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
  seconds = std::clamp<std::int64_t>(seconds, 1, kLongestPauseSeconds);
  Error error = failure(PB_RATE_LIMITED, "twilio.rate_limited", {{"seconds", seconds}});
  error.retry_after(seconds * 1000).in_scope("integration");
  return error;
}

}  // namespace

Error failure_of_code(int code, const std::string& description) {
  const CodeText text(code, description);
  Error error = failure(code_of(meaning_of(code)), text.id, text.args);
  error.with_detail("twilio_code", code);
  if (error.code == PB_RATE_LIMITED) error.retry_after(60'000).in_scope("integration");
  return error;
}

int code_in(const Error& error) {
  const auto found = error.details.find("twilio_code");
  return found != error.details.end() && found->is_number_integer() ? found->get<int>() : 0;
}

Error error_of(const ApiAnswer& answer, Effect effect) {
  const bool is_object = answer.body.is_object();
  const auto found = is_object ? answer.body.find("code") : answer.body.end();
  const bool coded = is_object && found != answer.body.end() && found->is_number_integer();
  if (answer.status == 401) return failure_of_code(20003, "");
  if (answer.status == 429) return rate_limited(answer.retry_after);
  if (answer.status >= 500) {
    const Json args = {{"status", answer.status}};
    if (effect == Effect::reads) return failure(PB_UNAVAILABLE, "twilio.unavailable", args);
    return failure(PB_OUTCOME_UNKNOWN, "twilio.outcome_unknown", args);
  }
  const int code = coded ? found->get<int>() : answer.status == 404 ? 20404 : answer.status;
  const std::string words =
      patchbay::string_at(answer.body, "message", "status " + std::to_string(answer.status));
  return failure_of_code(code, words);
}

}  // namespace twilio
