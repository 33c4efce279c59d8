#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace patchbay::schedule {

// Part of a day, in minutes after midnight; 24 * 60: its end.
struct Span {
  int from = 0;
  int to = 0;  // not included
};

// When somebody is there: each week alike, in a time zone, but for days that are closed. Immutable; any
// thread.
class Hours {
 public:
  using Week = std::array<std::vector<Span>, 7>;  // from Monday

  // `zone`: a name of the IANA data base. `closed`: "2026-12-31". Throws Error{invalid}: "schedule.zone",
  // "schedule.span" for one that is empty, backwards or of another day, "schedule.date".
  Hours(std::string_view zone, Week week, const std::vector<std::string>& closed);

  bool is_open(TimePoint time) const;
  // When they were last open before `time`, to which they are not: the end of that; 1970 where that is more
  // than a year ago.
  TimePoint closed_since(TimePoint time) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

// "09:30" as minutes, "24:00" included. Throws Error{invalid} "schedule.time_of_day".
int parse_time_of_day(std::string_view text);

}  // namespace patchbay::schedule
