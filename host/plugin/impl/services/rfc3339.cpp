#include "plugin/impl/services/rfc3339.hpp"

#include <regex>

namespace patchbay::plugin {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::sys_days> date_of(const std::smatch& match) {
  const std::chrono::year_month_day day(std::chrono::year(std::stoi(match[1])),
                                        std::chrono::month(static_cast<unsigned>(std::stoi(match[2]))),
                                        std::chrono::day(static_cast<unsigned>(std::stoi(match[3]))));
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day);
}

Duration fraction_of(std::string digits) {
  digits.resize(3, '0');
  return Duration(std::stoi(digits));
}

}  // namespace

std::optional<TimePoint> parse_rfc3339(const std::string& text) {
  static const auto* const form = new std::regex(
      R"(^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$)");
  std::smatch match;
  if (text.size() > 40 || !std::regex_match(text, match, *form)) return std::nullopt;
  const auto date = date_of(match);
  const int hour = std::stoi(match[4]);
  const int minute = std::stoi(match[5]);
  const int second = std::stoi(match[6]);
  if (!date || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  TimePoint time =
      *date + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  if (match[7].matched) time += fraction_of(match[7]);
  if (match[8].matched) {
    const auto offset = std::chrono::hours(std::stoi(match[9])) + std::chrono::minutes(std::stoi(match[10]));
    time -= match[8] == "-" ? -offset : offset;
  }
  return time;
}

}  // namespace patchbay::plugin
