#include "schedule/impl/civil.hpp"

#include <string>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include "base/error.hpp"

namespace patchbay::schedule {
namespace {

using cctz::civil_day;
using cctz::civil_hour;
using cctz::civil_minute;
using Seconds = cctz::time_point<cctz::seconds>;

constexpr int kYears =
    10;  // between two 29ths of February that are a certain weekday: 40; either day is enough

bool has_day(const Cron& cron, civil_day day) {
  const int weekday = (static_cast<int>(cctz::get_weekday(day)) + 1) % 7;  // theirs begins with Monday
  return cron.has_day(day.month(), day.day(), weekday);
}

// The first matching minute at or after `from` on the calendar; a day of the 11th year when there is none.
civil_minute first_on_calendar(const Cron& cron, civil_minute from) {
  const auto last = from.year() + kYears;
  while (from.year() <= last) {
    if (!has_day(cron, civil_day(from))) {
      from = civil_minute(civil_day(from) + 1);
    } else if (!cron.has_hour(from.hour())) {
      from = civil_minute(civil_hour(from) + 1);
    } else if (!cron.has_minute(from.minute())) {
      from += 1;
    } else {
      return from;
    }
  }
  return from;
}

Seconds instant_of(const cctz::time_zone& zone, civil_minute minute) {
  const auto found = zone.lookup(cctz::civil_second(minute));
  return found.kind == cctz::time_zone::civil_lookup::SKIPPED ? found.trans : found.pre;
}

// Hours that are named: each minute on the calendar once, whatever clocks do.
std::optional<Seconds> next_named(const Cron& cron, const cctz::time_zone& zone, Seconds after) {
  auto minute = civil_minute(cctz::convert(after, zone));
  const auto last = minute.year() + kYears;
  for (;;) {
    minute = first_on_calendar(cron, minute);
    if (minute.year() > last) return std::nullopt;
    const auto at = instant_of(zone, minute);
    if (at > after) return at;
    minute += 1;
  }
}

// Every hour: minutes as they pass.
std::optional<Seconds> next_passing(const Cron& cron, const cctz::time_zone& zone, Seconds after) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(after) + std::chrono::minutes(1);
  auto at = std::chrono::time_point_cast<cctz::seconds>(minutes);
  const auto last = civil_minute(cctz::convert(after, zone)).year() + kYears;
  for (;;) {
    const auto minute = civil_minute(cctz::convert(at, zone));
    if (minute.year() > last) return std::nullopt;
    if (!has_day(cron, civil_day(minute))) {
      const auto next_day = instant_of(zone, civil_minute(civil_day(minute) + 1));
      // A zone that is not on whole minutes, or a day that begins twice.
      at = next_day > at ? next_day : at + std::chrono::minutes(1);
    } else if (!cron.has_minute(minute.minute())) {
      at += std::chrono::minutes(1);
    } else {
      return at;
    }
  }
}

}  // namespace

struct Zone::Data {
  cctz::time_zone zone;
};

cctz::time_zone load_zone(std::string_view name) {
  cctz::time_zone zone;
  // Longer ones, and paths, are never looked for in the file system.
  const bool plain = !name.empty() && name.size() < 64 && name.front() != '/' &&
                     name.find("..") == name.npos && name.find('\0') == name.npos &&
                     name.rfind("file:", 0) != 0 && name != "localtime";
  if (!plain || !cctz::load_time_zone(std::string(name), &zone))
    throw Error(Code::invalid, Text("schedule.zone", {{"zone", std::string(name)}}));
  return zone;
}

Zone::Zone(std::string_view name) : data_(std::make_unique<Data>()) {
  data_->zone = load_zone(name);
}

Zone::~Zone() = default;

std::optional<TimePoint> Zone::next(const Cron& cron, TimePoint after) const {
  const auto from = std::chrono::floor<std::chrono::seconds>(after);
  const auto found =
      cron.every_hour() ? next_passing(cron, data_->zone, from) : next_named(cron, data_->zone, from);
  if (!found) return std::nullopt;
  return std::chrono::time_point_cast<Duration>(*found);
}

}  // namespace patchbay::schedule
