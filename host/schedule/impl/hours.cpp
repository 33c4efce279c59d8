#include "schedule/hours.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include "base/error.hpp"
#include "schedule/impl/civil.hpp"

namespace patchbay::schedule {
namespace {

constexpr int kDay = 24 * 60;

// Two digits.
int number_at(std::string_view text, std::size_t at) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -100; };
  return digit(at) * 10 + digit(at + 1);
}

cctz::civil_day parse_date(const std::string& text) {
  const auto refuse = [&] { return Error(Code::invalid, Text("schedule.date", {{"date", text}})); };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') throw refuse();
  const int year = number_at(text, 0) * 100 + number_at(text, 2);
  const int month = number_at(text, 5);
  const int day = number_at(text, 8);
  const cctz::civil_day date(year, month, day);
  // One that is none becomes another.
  if (year < 1 || date.year() != year || date.month() != month || date.day() != day) throw refuse();
  return date;
}

}  // namespace

struct Hours::Data {
  cctz::time_zone zone;
  Week week;
  std::set<cctz::civil_day> closed;
};

Hours::Hours(std::string_view zone, Week week, const std::vector<std::string>& closed) {
  auto data = std::make_shared<Data>();
  data->zone = load_zone(zone);
  for (const auto& day : week) {
    for (const auto& span : day) {
      if (span.from < 0 || span.from >= span.to || span.to > kDay)
        throw Error(Code::invalid, Text("schedule.span"));
    }
  }
  data->week = std::move(week);
  for (const auto& date : closed) data->closed.insert(parse_date(date));
  data_ = std::move(data);
}

bool Hours::is_open(TimePoint time) const {
  const auto there = cctz::convert(std::chrono::floor<std::chrono::seconds>(time), data_->zone);
  const cctz::civil_day day(there);
  if (data_->closed.contains(day)) return false;
  const auto minute = there.hour() * 60 + there.minute();
  const auto& spans = data_->week.at(static_cast<std::size_t>(cctz::get_weekday(day)));
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return minute >= span.from && minute < span.to; });
}

TimePoint Hours::closed_since(TimePoint time) const {
  const auto there = cctz::convert(std::chrono::floor<std::chrono::seconds>(time), data_->zone);
  for (int back = 0; back <= 366; ++back) {
    const auto day = cctz::civil_day(there) - back;
    if (data_->closed.contains(day)) continue;
    std::optional<cctz::civil_second> last;
    for (const auto& span : data_->week.at(static_cast<std::size_t>(cctz::get_weekday(day)))) {
      const auto end = cctz::civil_second(day) + span.to * 60LL;
      if (end <= there && (!last || end > *last)) last = end;
    }
    if (last) return std::chrono::time_point_cast<Duration>(cctz::convert(*last, data_->zone));
  }
  return {};
}

int parse_time_of_day(std::string_view text) {
  if (text.size() == 5 && text[2] == ':') {
    const int hour = number_at(text, 0);
    const int minute = number_at(text, 3);
    const int minutes = hour * 60 + minute;
    if (hour >= 0 && minute >= 0 && minute < 60 && minutes <= kDay) return minutes;
  }
  throw Error(Code::invalid, Text("schedule.time_of_day", {{"time", std::string(text)}}));
}

}  // namespace patchbay::schedule
