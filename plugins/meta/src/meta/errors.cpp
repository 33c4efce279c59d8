#include "meta/errors.hpp"

#include <algorithm>
#include <cctype>

#include <patchbay/texts.hpp>
#include <patchbay/words.hpp>

namespace meta {
namespace {

using patchbay::Error;
using patchbay::failure;
using patchbay::flag_of;
using patchbay::member;
using patchbay::number_of;
using patchbay::text_of;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kLongestPauseMs = 24 * 60 * kMinuteMs;
constexpr std::size_t kShortestToken = 40;
constexpr std::size_t kLongestWords = 300;
constexpr const char* kCode = "graph_code";

bool is_one_of(std::int64_t code, std::initializer_list<std::int64_t> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool is_rate_limit(std::int64_t code) {
  return is_one_of(code, {4, 17, 32, 613}) || (code >= 80000 && code <= 80014);
}

bool is_permission(std::int64_t code) {
  return code == 10 || code == 3 || (code >= 200 && code <= 299);
}

// Until the provider takes calls again, as X-Business-Use-Case-Usage tells; a minute when it does not.
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
  return std::min(minutes, kLongestPauseMs / kMinuteMs) * kMinuteMs;
}

Error limited(const std::string& id, std::int64_t pause_ms, const char* scope) {
  const std::int64_t minutes = (pause_ms + kMinuteMs - 1) / kMinuteMs;
  Error error = failure(PB_RATE_LIMITED, id, {{"minutes", minutes}});
  error.retry_after(pause_ms).in_scope(scope);
  return error;
}

class Meaning {
 public:
  Meaning(const GraphAnswer& answer, Effect effect, const Dialect& dialect)
      : answer_(answer),
        effect_(effect),
        dialect_(dialect),
        what_(answer.body),
        words_{{"code", std::to_string(what_.code)},
               {"description", harmless(text_of(member(answer.body, "error"), "message"))}} {}

  Error error() const {
    for (const Known& known : dialect_.known) {
      if (known.code == what_.code && (known.subcode == Known::kAny || known.subcode == what_.subcode))
        return told(known);
    }
    // Some refusals of tokens have no number.
    const bool unknown_token = answer_.status == 401 && what_.code == 0;
    if (unknown_token || is_one_of(what_.code, {190, 102}))
      return failure(PB_UNAUTHENTICATED, text("token_dead"), words_);
    if (is_rate_limit(what_.code))
      return limited(text("rate_limited"), pause_of(answer_),
                     what_.code == 4 ? dialect_.limit_scope : "integration");
    if (answer_.status == 429) return limited(text("rate_limited"), pause_of(answer_), "integration");
    if (is_permission(what_.code)) return failure(PB_INVALID, text("permission"), words_);
    const bool transient = is_one_of(what_.code, {1, 2, 1200});
    if (answer_.status >= 500 || answer_.status < 400 || transient || what_.code == 0) return fault();
    return failure(PB_INVALID, text("refused"), words_);
  }

 private:
  std::string text(const char* id) const { return dialect_.prefix + "." + id; }

  Error told(const Known& known) const {
    if (known.means == PB_RATE_LIMITED)
      return limited(text(known.id), std::max(known.pause_ms, kMinuteMs / 60), known.scope);
    return failure(known.means, text(known.id), words_);
  }

  Error fault() const {
    const Json args = {{"status", answer_.status}};
    // Meta asks to repeat these: nothing was sent.
    const bool again =
        is_one_of(what_.code, {2, 1200}) || flag_of(member(answer_.body, "error"), "is_transient");
    if (effect_ == Effect::reads || again) return failure(PB_UNAVAILABLE, text("unavailable"), args);
    return failure(PB_OUTCOME_UNKNOWN, text("outcome_unknown"), args);
  }

  const GraphAnswer& answer_;
  const Effect effect_;
  const Dialect& dialect_;
  const GraphCode what_;
  const Json words_;
};

}  // namespace

GraphCode::GraphCode(const Json& body)
    : code(number_of(member(body, "error"), "code").value_or(0)),
      subcode(number_of(member(body, "error"), "error_subcode").value_or(0)) {}

Error error_of(const GraphAnswer& answer, Effect effect, const Dialect& dialect) {
  Error error = Meaning(answer, effect, dialect).error();
  if (const GraphCode what(answer.body); what.code != 0) error.with_detail(kCode, what.code);
  return error;
}

std::int64_t code_in(const Error& error) {
  return number_of(error.details, kCode).value_or(0);
}

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
  return patchbay::excerpt(out, kLongestWords);
}

std::string harmless_address(const std::string& url) {
  return harmless(url.substr(0, url.find_first_of("?#")));
}

}  // namespace meta
