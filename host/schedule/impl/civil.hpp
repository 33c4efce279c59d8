#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <cctz/time_zone.h>

#include "base/clock.hpp"
#include "schedule/impl/cron.hpp"

namespace patchbay::schedule {

// Throws Error{invalid} "schedule.zone" for an unknown name.
cctz::time_zone load_zone(std::string_view name);

// A time zone's calendar.
class Zone {
 public:
  // Throws Error{invalid} "schedule.zone" for an unknown name.
  explicit Zone(std::string_view name);
  ~Zone();

  // The first time after `after` that `cron` names; nothing within the next ten years: never.
  std::optional<TimePoint> next(const Cron& cron, TimePoint after) const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace patchbay::schedule
