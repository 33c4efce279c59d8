#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace patchbay {

// RFC 3339 in UTC of milliseconds since 1970, clamped to the years 1970 to 9999, as times of others need;
// milliseconds only where there are some.
inline std::string time_text(std::int64_t unix_ms) {
  using namespace std::chrono;
  constexpr std::int64_t kLastMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z
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

// The milliseconds of a time in UTC as requests write it ("2026-07-01T09:30:00.250Z"); nothing when it is
// none.
inline std::optional<std::int64_t> unix_ms_of(const std::string& text) {
  using namespace std::chrono;
  int year_ = 0, hour = 0, minute = 0, second = 0, milli = 0, end = 0;
  unsigned month_ = 0, day_ = 0;
  const int whole = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year_, &month_, &day_, &hour,
                                &minute, &second, &end);
  const year_month_day date{year(year_), month(month_), day(day_)};
  const bool fits = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (whole != 6 || !date.ok() || !fits || text.back() != 'Z') return std::nullopt;
  std::string rest = text.substr(static_cast<std::size_t>(end));
  rest.pop_back();
  if (!rest.empty() && std::sscanf(rest.append("00").c_str(), ".%3d", &milli) != 1) return std::nullopt;
  const std::int64_t day_count = sys_days(date).time_since_epoch().count();
  return ((day_count * 24 + hour) * 60 + minute) * 60'000 + second * 1000 + milli;
}

// At most `most` characters of UTF-8; what is cut off leaves an ellipsis, which counts.
inline std::string excerpt(const std::string& text, std::size_t most) {
  const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u; };
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

// How many characters of UTF-8 a text has.
inline std::size_t length_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u;
  }));
}

inline bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Begins a new line unless there is nothing yet; nothing is added for an empty line.
inline void add_line(std::string& text, const std::string& line) {
  if (line.empty()) return;
  if (!text.empty()) text += "\n";
  text += line;
}

}  // namespace patchbay
