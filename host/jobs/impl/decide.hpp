#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "jobs/job.hpp"
#include "port/message.hpp"
#include "schedule/schedule.hpp"

namespace patchbay::jobs {

// What a run was like, and what follows from its result.
struct Ended {
  bool ours = false;          // we broke it off: it is no fault
  std::int64_t failures = 0;  // in a row before it
  TimePoint started{};
  TimePoint now{};
  double random = 0;  // in [0, 1)
};

struct Decision {
  Ending ending = Ending::done;
  Cause cause = Cause::schedule;
  std::optional<TimePoint> due;  // nothing: not by itself
  std::int64_t failures = 0;
  std::optional<TimePoint> pause_until;  // of everything in `scope`, as the plugin says it
  std::string scope;
  bool held = false;     // no run before somebody has signed in again, or has done something about it
  bool trouble = false;  // worth showing
};

// Pure.
Decision decide(const port::Result& result, const schedule::Schedule& schedule, const Ended& ended);

}  // namespace patchbay::jobs
