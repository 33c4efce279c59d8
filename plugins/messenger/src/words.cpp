#include "words.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace messenger {
namespace {

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

}  // namespace

std::string time_text(std::int64_t unix_ms) {
  using namespace std::chrono;
  const std::int64_t total = std::clamp<std::int64_t>(unix_ms, 0, kLastMs);
  const std::int64_t seconds_total = total / 1000;
  const year_month_day date{sys_days{days{seconds_total / 86'400}}};
  const auto clock = static_cast<int>(seconds_total % 86'400);
  char out[80];
  std::snprintf(out, sizeof out, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock / 3600,
                clock / 60 % 60, clock % 60);
  std::string text = out;
  if (const auto rest = static_cast<int>(total % 1000); rest != 0) {
    std::snprintf(out, sizeof out, ".%03d", rest);
    text += out;
  }
  return text + "Z";
}

std::string excerpt(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  std::size_t cut = 0;  // where the last character that leaves room for the ellipsis ends
  for (std::size_t at = 0; at < text.size();) {
    for (++at; at < text.size() && continues(text[at]); ++at) {
    }
    if (++characters + 1 == most) cut = at;
    if (characters > most) return text.substr(0, cut) + "…";
  }
  return text;
}

std::string file_name_of(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return "";
  const std::size_t end = std::min(url.find_first_of("?#", host + 3), url.size());
  const std::size_t slash = url.rfind('/', end - 1);
  if (slash == std::string::npos || slash < host + 3) return "";
  std::string out;
  for (std::size_t at = slash + 1; at < end; ++at) {
    unsigned byte = 0;
    const char* const from = url.data() + at + 1;
    if (url[at] == '%' && at + 2 < end && std::from_chars(from, from + 2, byte, 16).ptr == from + 2) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += url[at];
    }
  }
  return out;
}

}  // namespace messenger
