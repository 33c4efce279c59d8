#include "times.hpp"

#include <chrono>
#include <cstdio>
#include <string_view>

#include <patchbay/types.hpp>

namespace twilio {

std::optional<std::int64_t> parse_rfc2822(const std::string& text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::size_t comma = text.find(',');
  const std::string date = comma == std::string::npos ? text : text.substr(comma + 1);
  int day = 0, year = 0, hour = 0, minute = 0, second = 0, zone = 0;
  char month[4] = {};
  char sign = 0;
  const int read = std::sscanf(date.c_str(), " %2d %3s %4d %2d:%2d:%2d %c%4d", &day, month, &year, &hour,
                               &minute, &second, &sign, &zone);
  const std::size_t at = kMonths.find(month);
  const bool known = read == 8 && at != std::string_view::npos && at % 3 == 0 && (sign == '+' || sign == '-');
  const bool fits = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!known || !fits || zone < 0 || zone > 1400) return std::nullopt;
  const std::chrono::year_month_day days(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(at / 3 + 1)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!days.ok()) return std::nullopt;
  const std::int64_t offset = (zone / 100 * 60 + zone % 100) * (sign == '-' ? -60 : 60);
  const std::int64_t seconds = std::chrono::sys_days(days).time_since_epoch().count() * std::int64_t{86400} +
                               hour * 3600 + minute * 60 + second - offset;
  return seconds * 1000;
}

std::string whole_seconds(std::int64_t unix_ms) {
  const std::string text = patchbay::rfc3339(unix_ms);
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace twilio
