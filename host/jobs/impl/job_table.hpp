#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/impl/decide.hpp"
#include "jobs/job.hpp"
#include "store/store.hpp"

namespace patchbay::jobs {

// Columns that job_of() and run_of() read.
inline constexpr std::string_view kJobColumns =
    "id, integration, name, cause, due_at, paused_at, lease, run, checkpoint, checkpoint_at, failures";
inline constexpr std::string_view kRunColumns =
    "id, job, cause, version, started_at, finished_at, outcome, code, reason, pages, records, known, "
    "refused, done, "
    "total";
Job job_of(const store::Row& row);
Run run_of(const store::Row& row);

std::optional<Job> find_job(store::Session& session, Id id);

// The integration's jobs, those named in `names` made first where they are new.
// What was under way elsewhere is fenced off and remembered as lost.
struct Wanted {
  Wanted(std::string name_, std::optional<TimePoint> due_) : name(std::move(name_)), due(due_) {}
  std::string name;
  std::optional<TimePoint> due;  // where it is new
};
std::vector<Job> take_jobs(store::Session& session, Id integration, const std::vector<Wanted>& wanted,
                           std::vector<Id> fresh_ids, std::int64_t now);

// Begins a run: the lease rises. Nothing when the job is gone or another run has begun since `lease`.
std::optional<Job> begin_run(store::Session& session, const Job& job, Id run, const std::string& version,
                             std::int64_t now);

// Undoes the claim of a run that never began; false: it was not stored. The lease stays as it is.
bool forget_run(store::Session& session, Id job, Id run);

// Ends the run. False when it is not under way any more: then it counts as lost and nothing is planned.
struct RunEnd {
  RunEnd(Job job_, Id run_, Decision decision_) : job(std::move(job_)), run(run_), decision(decision_) {}
  Job job;
  Id run;
  Decision decision;
  std::string code;
  std::string reason;
  std::int64_t now = 0;
};
bool end_run(store::Session& session, const RunEnd& end);

}  // namespace patchbay::jobs
