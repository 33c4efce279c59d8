#include "graph_error.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "texts.hpp"
#include "words.hpp"

namespace messenger {
namespace {

using patchbay::Error;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kRestrictedPauseMs = 15 * kMinuteMs;
constexpr std::int64_t kLongestPauseMs = 24 * 60 * kMinuteMs;
constexpr std::size_t kShortestToken = 40;
constexpr std::size_t kLongestWords = 300;
constexpr std::int64_t kAny = -1;

constexpr const char* kNotOwner = "messenger.not_owner";

struct Known {
  std::int64_t code;
  std::int64_t subcode;  // kAny: whatever it is
  pb_code means;
  const char* id;
};

// First match wins. PB_DENIED: nothing can be written to this person.
constexpr Known kKnown[] = {
    {190, kAny, PB_UNAUTHENTICATED, "messenger.token_dead"},
    {102, kAny, PB_UNAUTHENTICATED, "messenger.token_dead"},
    {10, 2018300, PB_INVALID, kNotOwner},
    {10, 2018278, PB_INVALID, "messenger.window_closed"},
    {10, 1545041, PB_INVALID, "messenger.window_closed"},
    {10, 2018065, PB_INVALID, "messenger.window_closed"},
    {1545041, kAny, PB_INVALID, "messenger.window_closed"},
    {551, kAny, PB_DENIED, "messenger.person_unavailable"},
    {230, kAny, PB_DENIED, "messenger.person_unavailable"},
    {368, kAny, PB_INVALID, "messenger.policy"},
    {100, 2018001, PB_NOT_FOUND, "messenger.person_unknown"},
    {100, 33, PB_NOT_FOUND, "messenger.gone"},
    {100, 1893061, PB_INVALID, "messenger.tag_dead"},
    {2200, kAny, PB_INVALID, "messenger.callback_refused"},
};

bool is_one_of(std::int64_t code, std::initializer_list<std::int64_t> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_rate_limit(std::int64_t code) {
  return is_one_of(code, {4, 17, 32, 613}) || (code >= 80000 && code <= 80014);
}

bool is_permission(std::int64_t code) {
  return code == 10 || code == 3 || (code >= 200 && code <= 299);
}

// Minutes until the provider takes calls again, as X-Business-Use-Case-Usage tells; a minute when it does
// not.
std::int64_t pause_of(const GraphAnswer& answer) {
  std::int64_t minutes = 1;
  const auto header = answer.headers.find("x-business-use-case-usage");
  if (header == answer.headers.end()) return kMinuteMs;
  const Json usage = Json::parse(header->second, nullptr, false);
  if (!usage.is_object()) return kMinuteMs;
  for (const Json& uses : usage) {
    if (!uses.is_array()) continue;
    for (const Json& use : uses)
      minutes = std::max(minutes, number_of(use, "estimated_time_to_regain_access").value_or(0));
  }
  return std::min(std::min(minutes, kLongestPauseMs / kMinuteMs) * kMinuteMs, kLongestPauseMs);
}

Error limited(const char* id, std::int64_t pause_ms, const char* scope) {
  Error error = failure(PB_RATE_LIMITED, id, {{"minutes", pause_ms / kMinuteMs}});
  error.retry_after(pause_ms).in_scope(scope);
  return error;
}

Error server_fault(const GraphAnswer& answer, const GraphCode& what, Effect effect) {
  const Json args = {{"status", answer.status}};
  // Meta asks to repeat these: nothing was sent.
  const bool again = is_one_of(what.code, {2, 1200}) || flag_of(member(answer.body, "error"), "is_transient");
  if (effect == Effect::reads || again) return failure(PB_UNAVAILABLE, "messenger.unavailable", args);
  return failure(PB_OUTCOME_UNKNOWN, "messenger.outcome_unknown", args);
}

}  // namespace

GraphCode::GraphCode(const Json& body)
    : code(number_of(member(body, "error"), "code").value_or(0)),
      subcode(number_of(member(body, "error"), "error_subcode").value_or(0)) {}

std::string harmless(const std::string& words) {
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t end = at;
    while (end < words.size() && (std::isalnum(static_cast<unsigned char>(words[end])) || words[end] == '_' ||
                                  words[end] == '-' || words[end] == '|'))
      ++end;
    if (end - at >= kShortestToken) {
      out += "<token>";
      at = end;
      continue;
    }
    end = std::max(end, at + 1);
    out.append(words, at, end - at);
    at = end;
  }
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return excerpt(out, kLongestWords);
}

Error error_of(const GraphAnswer& answer, Effect effect) {
  const GraphCode what(answer.body);
  const std::string description = harmless(text_of(member(answer.body, "error"), "message"));
  if (what.code == 10 && what.subcode == 1893063)
    return limited("messenger.page_restricted", kRestrictedPauseMs, "integration");
  for (const Known& known : kKnown) {
    if (known.code == what.code && (known.subcode == kAny || known.subcode == what.subcode))
      return failure(known.means, known.id, {{"description", description}});
  }
  if (is_rate_limit(what.code))
    return limited("messenger.rate_limited", pause_of(answer), what.code == 4 ? "profile" : "integration");
  if (answer.status == 429) return limited("messenger.rate_limited", pause_of(answer), "integration");
  if (is_permission(what.code))
    return failure(PB_INVALID, "messenger.permission", {{"description", description}});
  const bool transient = is_one_of(what.code, {1, 2, 1200});
  if (answer.status >= 500 || answer.status < 400 || transient || what.code == 0)
    return server_fault(answer, what, effect);
  return failure(PB_INVALID, "messenger.refused", {{"description", description}});
}

bool is_not_owner(const Error& error) {
  return error.text_id == kNotOwner;
}

}  // namespace messenger
