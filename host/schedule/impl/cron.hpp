#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <string_view>

namespace patchbay::schedule {

// The five fields of a crontab(5) expression as sets.
class Cron {
 public:
  // Throws Error{invalid} that names the field.
  static Cron parse(std::string_view expression);

  bool has_minute(int minute) const { return has(kMinute, minute); }
  bool has_hour(int hour) const { return has(kHour, hour); }
  // `weekday`: 0 is Sunday.
  bool has_day(int month, int day, int weekday) const;
  // The expression does not choose among the hours.
  bool every_hour() const { return sets_[kHour].count() == 24; }

 private:
  enum Field : std::size_t { kMinute, kHour, kDay, kMonth, kWeekday };
  struct Range;
  static constexpr std::size_t kFields = 5;

  bool has(Field field, int value) const { return sets_[field].test(static_cast<std::size_t>(value)); }
  void parse_field(Field field, std::string_view text);
  void add_part(Field field, std::string_view part);

  std::array<std::bitset<60>, kFields> sets_;
  bool any_day_ = false;  // "*" stands there, perhaps with a step
  bool any_weekday_ = false;
};

}  // namespace patchbay::schedule
