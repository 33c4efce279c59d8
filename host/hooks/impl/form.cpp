#include "hooks/form.hpp"

#include <algorithm>
#include <cstddef>

namespace patchbay::hooks {

namespace {

constexpr std::size_t kMaxFields = 1000;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

template <class Visit>
void each_field(std::string_view text, Visit visit) {
  for (std::size_t count = 0; !text.empty() && count < kMaxFields; ++count) {
    const auto end = text.find('&');
    const std::string_view field = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (field.empty()) continue;
    const auto equals = field.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1);
    if (!visit(decode(field.substr(0, equals)), value)) return;
  }
}

}  // namespace

Fields parse_form(std::string_view text) {
  Fields fields;
  each_field(text, [&](std::string name, std::string_view value) {
    fields.emplace_back(std::move(name), decode(value));
    return true;
  });
  return fields;
}

std::optional<std::string> form_field(std::string_view text, std::string_view name) {
  std::optional<std::string> found;
  each_field(text, [&](const std::string& field, std::string_view value) {
    if (field == name) found = decode(value);
    return !found;
  });
  return found;
}

bool is_exact_form(std::string_view text) {
  if (text.empty()) return true;
  if (text.find(' ') != std::string_view::npos) return false;
  for (std::size_t count = 1;; ++count) {
    const auto end = text.find('&');
    const auto equals = text.substr(0, end).find('=');
    if (count > kMaxFields || equals == 0 || equals == std::string_view::npos) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_form_type(std::string_view content_type) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(type.begin(), type.end(), kForm.begin(), kForm.end(),
                    [&](char a, char b) { return lower(a) == b; });
}

}  // namespace patchbay::hooks
