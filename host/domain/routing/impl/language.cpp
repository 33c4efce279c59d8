#include "domain/routing/language.hpp"

#include <algorithm>
#include <vector>

namespace patchbay::domain::routing {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

template <class F>
std::string mapped(std::string_view text, const F& map) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), map);
  return out;
}

bool all_of(std::string_view text, bool (*is)(char)) {
  return std::all_of(text.begin(), text.end(), is);
}

}  // namespace

std::optional<std::string> language_tag(std::string_view text) {
  const auto language_end = std::min(text.find('-'), text.size());
  const auto language = text.substr(0, language_end);
  if (language.size() < 2 || language.size() > 3 || !all_of(language, is_letter)) return std::nullopt;
  auto tag = mapped(language, lower);
  bool script = false;
  bool region = false;
  for (auto at = language_end; at < text.size();) {
    const auto end = std::min(text.find('-', at + 1), text.size());
    const auto part = text.substr(at + 1, end - at - 1);
    at = end;
    if (part.size() == 4 && all_of(part, is_letter) && !script && !region) {
      script = true;
      tag += "-" + mapped(part, lower);
      tag[tag.size() - 4] = upper(part.front());
    } else if (!region && ((part.size() == 2 && all_of(part, is_letter)) ||
                           (part.size() == 3 && all_of(part, is_digit)))) {
      region = true;
      tag += "-" + mapped(part, upper);
    } else {
      return std::nullopt;
    }
  }
  return tag;
}

std::string primary_language(std::string_view tag) {
  return std::string(tag.substr(0, tag.find('-')));
}

}  // namespace patchbay::domain::routing
