#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace patchbay::schedule {

// "30s", "10m", "2h", "1d": a whole number above zero and a unit. Throws Error{invalid} "schedule.duration";
// 366 days are the most.
Duration parse_duration(std::string_view text);

// When something is due again and again (JOB-1). Immutable; any thread.
class Schedule {
 public:
  struct Rule;

  // `jitter`: each time is up to so much later, so that what started together does not stay together.
  static Schedule every(Duration interval, Duration jitter);
  // A crontab(5) expression: minute, hour, day of month, month, day of week, with lists, ranges, steps and
  // English names, or @hourly, @daily, @weekly, @monthly, @yearly. If both days are restricted, either is
  // enough. `zone`: a name of the IANA data base ("Europe/Berlin"). Where the clock is put forward, what
  // falls into the gap is due at its end; where it is put back, what names its hour is due once, what runs
  // every hour goes on. Throws Error{invalid} that names the part, also for an expression that is never due.
  static Schedule cron(std::string_view expression, std::string_view zone);
  // Again as soon as it has ended.
  static Schedule continuous();
  // Never by itself.
  static Schedule on_demand();

  // The first time that is due after `after`; nothing: never by itself. `random`, in [0, 1), chooses within
  // the jitter.
  std::optional<TimePoint> next(TimePoint after, double random) const;
  // Of every(); else zero.
  Duration interval() const;
  bool is_continuous() const;

 private:
  explicit Schedule(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}

  std::shared_ptr<const Rule> rule_;
};

}  // namespace patchbay::schedule
