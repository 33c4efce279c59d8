#include "plugin/impl/services/placeholders.hpp"

#include <functional>
#include <optional>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "net/form.hpp"

namespace patchbay::plugin {
namespace {

constexpr std::string_view kHmac = "hmac-sha256-hex:";

struct Found {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view content;  // between the braces
};

bool is_known(std::string_view content) {
  return content.starts_with("secret:") || content.starts_with("profile:") ||
         content.starts_with("system:") || content.starts_with("oauth:") || content.starts_with("grant:") ||
         content.starts_with(kHmac);
}

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !text.empty() && text.size() <= 100 && text.find_first_not_of(kAllowed) == text.npos;
}

// Where the braces that opened at `begin` close, counting inner ones.
std::size_t closing(std::string_view text, std::size_t begin) {
  int depth = 0;
  for (std::size_t at = begin; at + 1 < text.size();) {
    const auto two = text.substr(at, 2);
    if (two == "{{") ++depth;
    if (two == "}}" && --depth == 0) return at;
    at += two == "{{" || two == "}}" ? 2 : 1;
  }
  return text.npos;
}

std::optional<Found> find_next(std::string_view text, std::size_t from) {
  for (auto begin = text.find("{{", from); begin != text.npos; begin = text.find("{{", begin + 1)) {
    if (!is_known(text.substr(begin + 2))) continue;
    const auto end = closing(text, begin);
    if (end == text.npos) return std::nullopt;
    Found found;
    found.begin = begin;
    found.end = end + 2;
    found.content = text.substr(begin + 2, end - begin - 2);
    return found;
  }
  return std::nullopt;
}

struct Parsed {
  std::string name;                         // "secret:token"
  std::optional<std::string_view> message;  // of an HMAC
};

Parsed parse(std::string_view content) {
  Parsed parsed;
  auto rest = content;
  const bool is_hmac = rest.starts_with(kHmac);
  if (is_hmac) {
    rest.remove_prefix(kHmac.size());
    const auto colon = rest.find(':', rest.find(':') + 1);
    if (colon != rest.npos) parsed.message = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  parsed.name = std::string(rest);
  // What a person gave is never a key.
  const bool is_owned = rest.starts_with("secret:") || rest.starts_with("profile:") ||
                        rest.starts_with("system:") ||
                        (!is_hmac && (rest.starts_with("oauth:") || rest.starts_with("grant:")));
  if (!is_owned || !is_name(rest.substr(rest.find(':') + 1)) || is_hmac != parsed.message.has_value()) {
    throw Error(Code::unsupported,
                Text("plugin.bad_placeholder", {{"placeholder", std::string(content.substr(0, 80))}}));
  }
  return parsed;
}

std::string value_of(std::string_view content, const SecretValues& values) {
  const auto parsed = parse(content);
  const auto& value = values.at(parsed.name);
  if (!parsed.message) return value;
  const auto message = fill(*parsed.message, values, Place::plain);
  return crypto::to_hex(crypto::hmac(crypto::Hash::sha256, value, message));
}

}  // namespace

std::string percent_encode(std::string_view text, Place place) {
  constexpr std::string_view kPath = "!$&'()*+,;=:@";
  if (place == Place::plain) return std::string(text);
  return net::percent_encode(text, place == Place::path ? kPath : std::string_view());
}

bool has_placeholder(std::string_view text) {
  return find_next(text, 0).has_value();
}

std::pair<std::string_view, std::string_view> split_at_colon(std::string_view text) {
  auto colon = text.find(':');
  for (auto found = find_next(text, 0); found && found->begin < colon; found = find_next(text, found->end))
    colon = text.find(':', found->end);
  if (colon == text.npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void collect_names(std::string_view text, SecretNames& names) {
  for (auto found = find_next(text, 0); found; found = find_next(text, found->end)) {
    const auto parsed = parse(found->content);
    names.insert(parsed.name);
    if (parsed.message) collect_names(*parsed.message, names);
  }
}

std::string fill(std::string_view text, const SecretValues& values, Place place) {
  std::string out;
  std::size_t done = 0;
  for (auto found = find_next(text, 0); found; found = find_next(text, found->end)) {
    out += text.substr(done, found->begin - done);
    out += percent_encode(value_of(found->content, values), place);
    done = found->end;
  }
  out += text.substr(done);
  return out;
}

}  // namespace patchbay::plugin
