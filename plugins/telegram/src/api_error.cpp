#include "api_error.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "using.hpp"
#include "words.hpp"

namespace telegram {
namespace {

using patchbay::Error;

constexpr std::int64_t kLongestPause = 24 * 3600;  // seconds

struct Known {
  std::string_view words;  // in lower case, somewhere in the description
  pb_code code;
  const char* id;
};

// First match wins. Descriptions as the server writes them. PB_DENIED: nothing can be written to the chat; a
// right to send one kind of message, or a topic, is no matter of the chat.
constexpr Known kKnown[] = {
    {"blocked by the user", PB_DENIED, "telegram.blocked"},
    {"user is deactivated", PB_DENIED, "telegram.deactivated"},
    {"was kicked", PB_DENIED, "telegram.kicked"},
    {"not a member", PB_DENIED, "telegram.not_member"},
    {"can't initiate conversation", PB_DENIED, "telegram.cannot_initiate"},
    {"rights to send text", PB_DENIED, "telegram.no_rights"},
    {"rights to send a message", PB_DENIED, "telegram.no_rights"},
    {"rights to send ", PB_INVALID, "telegram.no_kind_rights"},
    {"chat_send_", PB_INVALID, "telegram.no_kind_rights"},
    {"not enough rights", PB_DENIED, "telegram.no_rights"},
    {"have no rights", PB_DENIED, "telegram.no_rights"},
    {"chat_write_forbidden", PB_DENIED, "telegram.no_rights"},
    {"topic_closed", PB_INVALID, "telegram.topic_closed"},
    {"group chat was deactivated", PB_DENIED, "telegram.kicked"},
    {"chat not found", PB_NOT_FOUND, "telegram.chat_not_found"},
    {"user not found", PB_NOT_FOUND, "telegram.chat_not_found"},
    {"message thread not found", PB_NOT_FOUND, "telegram.thread_not_found"},
    {"file is too big", PB_INVALID, "telegram.file_too_big"},
    {"too large", PB_INVALID, "telegram.too_large"},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_token_char(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

// How long the colon at this place is: it may be percent-encoded. 0: none.
std::size_t colon_at(const std::string& words, std::size_t at) {
  if (words.compare(at, 1, ":") == 0) return 1;
  return lower(words.substr(at, 3)) == "%3a" ? 3 : 0;
}

Error refused(const ApiAnswer& answer, const std::string& description) {
  const std::string words = lower(description);
  for (const Known& known : kKnown) {
    if (words.find(known.words) != std::string::npos) return failure(known.code, known.id);
  }
  if (answer.status == 403) return failure(PB_DENIED, "telegram.denied", {{"description", description}});
  return failure(PB_INVALID, "telegram.bad_request", {{"description", description}});
}

Error rate_limited(const ApiAnswer& answer) {
  auto seconds = number_of(member(answer.body, "parameters"), "retry_after");  // preferred to the header
  if (!seconds) seconds = number_of({{"header", answer.retry_after}}, "header");
  const std::int64_t pause = std::clamp<std::int64_t>(seconds.value_or(1), 1, kLongestPause);
  Error error = failure(PB_RATE_LIMITED, "telegram.rate_limited", {{"seconds", pause}});
  error.retry_after(pause * 1000).in_scope("integration");
  return error;
}

Error server_fault(const ApiAnswer& answer, const std::string& description, Effect effect) {
  const Json args = {{"status", answer.status}};
  // "restart" and 503 come before anything was done.
  const bool nothing_happened =
      answer.status == 503 || lower(description).find("restart") != std::string::npos;
  if (effect == Effect::reads || nothing_happened)
    return failure(PB_UNAVAILABLE, "telegram.unavailable", args);
  return failure(PB_OUTCOME_UNKNOWN, "telegram.outcome_unknown", args);
}

}  // namespace

std::string harmless(const std::string& words) {
  std::string out;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t end = at;
    while (end < words.size() && is_digit(words[end])) ++end;
    if (const std::size_t colon = end > at ? colon_at(words, end) : 0; colon > 0) {
      end += colon - 1;
      std::size_t last = end + 1;
      while (last < words.size() && is_token_char(words[last])) ++last;
      if (last - end > 20) {
        out += "<token>";
        at = last;
        continue;
      }
    }
    const std::size_t next = std::max(end, at + 1);
    out.append(words, at, next - at);
    at = next;
  }
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return excerpt(out, 300);
}

std::string harmless_address(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t user = url.substr(0, path).rfind('@');
  const std::size_t from = user == std::string::npos || user < host ? host : user + 1;
  const std::size_t to = std::min(url.find_first_of("?#", from), url.size());
  const std::string shown = url.substr(0, host) + url.substr(from, to - from);
  return harmless(to < url.size() ? shown + "?…" : shown);
}

Error error_of(const ApiAnswer& answer, Effect effect) {
  const std::string description = harmless(text_of(answer.body, "description"));
  if (const auto moved = number_of(member(answer.body, "parameters"), "migrate_to_chat_id")) {
    Error error = refused(answer, description);
    error.with_detail("moved_to", std::to_string(*moved));
    return error;
  }
  switch (answer.status) {
    case 401:
    case 421:  // the token belongs to another server
      return failure(PB_UNAUTHENTICATED, "telegram.unauthorized");
    case 404:
      return failure(PB_UNSUPPORTED, "telegram.method_unknown", {{"method", answer.method}, {"status", 404}});
    case 409:
      return failure(PB_CONFLICT, "telegram.conflict", {{"description", description}});
    case 413:
      return failure(PB_INVALID, "telegram.too_large");
    case 429:
      return rate_limited(answer);
    default:
      break;
  }
  if (answer.status >= 400 && answer.status < 500) return refused(answer, description);
  return server_fault(answer, description, effect);
}

}  // namespace telegram
