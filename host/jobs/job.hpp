#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"

namespace patchbay::jobs {

// Why a run is due. In API and database: "schedule", "request" (somebody wants it now), "retry" (the last one
// failed), "more" (the last one had not done all).
enum class Cause { schedule, request, retry, more };

std::string cause_name(Cause cause);
Cause cause_from(const std::string& name);

// One job of one integration. Times are Unix milliseconds.
struct Job {
  Id id = 0;
  Id integration = 0;
  std::string name;  // its id in the manifest
  Cause cause = Cause::schedule;
  std::optional<std::int64_t> due_at;  // nothing: not by itself
  std::optional<std::int64_t> paused_at;
  std::int64_t lease = 0;
  std::optional<Id> run;            // under way
  std::string checkpoint = "null";  // JSON, the plugin's own
  std::optional<std::int64_t> checkpoint_at;
  std::int64_t failures = 0;  // in a row
};

// How a run ended. In API and database: "running", "done", "more", "failed", "limited" (the provider asked
// for a pause), "cancelled", "lost" (the host or its lease ended).
enum class Ending { running, done, more, failed, limited, cancelled, lost };

std::string ending_name(Ending ending);

// One run, as it is remembered.
struct Run {
  Id id = 0;
  Id job = 0;
  std::string cause;
  std::string version;  // of the plugin
  std::int64_t started_at = 0;
  std::optional<std::int64_t> finished_at;
  std::string ending;
  std::string code;    // of a failure: a name of base/error.hpp
  std::string reason;  // as Text::kept
  std::int64_t pages = 0;
  std::int64_t records = 0;          // that were new
  std::int64_t known = 0;            // that the host had already
  std::int64_t refused = 0;          // that became dead letters
  std::optional<std::int64_t> done;  // as the plugin counts
  std::optional<std::int64_t> total;
};

}  // namespace patchbay::jobs
