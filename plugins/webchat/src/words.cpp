#include "words.hpp"

#include <algorithm>
#include <cctype>

namespace webchat {
namespace {

constexpr std::size_t kLongestType = 120;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Marks that turn the direction of what follows: "exe.png" may be shown for "gnp.exe" (UAX #9, 2).
bool turns_direction(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.size() < 3 || text[0] != '\xE2') return false;
  const std::string_view mark = text.substr(1, 2);
  return ("\x80\xAA"sv <= mark && mark <= "\x80\xAE"sv) || ("\x81\xA6"sv <= mark && mark <= "\x81\xA9"sv);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

bool is_token(std::string_view text) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '+' || c == '-' || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

std::string one_line(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (turns_direction(text.substr(i))) {
      i += 2;
      continue;
    }
    const char c = text[i];
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    const bool blank = control || c == ' ';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  if (out.size() > most) {
    std::size_t end = most;
    while (end > 0 && continues(out[end])) --end;
    out.resize(end);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string mime_type(std::string_view header) {
  std::string type = one_line(header.substr(0, header.find(';')), header.size());
  const std::size_t slash = type.find('/');
  if (slash == std::string::npos || type.size() > kLongestType) return {};
  const std::string_view all = type;
  if (!is_token(all.substr(0, slash)) || !is_token(all.substr(slash + 1))) return {};
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return type;
}

bool covers(const std::vector<std::string>& patterns, std::string_view type) {
  for (const std::string& pattern : patterns) {
    if (pattern == "*/*" || pattern == type) return true;
    const bool family = pattern.size() > 2 && pattern.compare(pattern.size() - 2, 2, "/*") == 0;
    if (family &&
        type.substr(0, pattern.size() - 1) == std::string_view(pattern).substr(0, pattern.size() - 1))
      return true;
  }
  return false;
}

std::string query_field(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    const std::size_t equals = field.find('=');
    if (equals != std::string_view::npos && field.substr(0, equals) == name)
      return decoded(field.substr(equals + 1));
  }
  return {};
}

bool is_safe_link(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://", "mailto:", "tel:"}) {
    if (url.size() <= scheme.size()) continue;
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    if (!std::equal(scheme.begin(), scheme.end(), url.begin(), [&](char b, char a) { return same(a, b); }))
      continue;
    return std::all_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20; });
  }
  return false;
}

}  // namespace webchat
