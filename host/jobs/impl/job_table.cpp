#include "jobs/impl/job_table.hpp"

#include "plugin/pauses.hpp"

namespace patchbay::jobs {
namespace {

constexpr std::int64_t kKeptRuns = 200;     // of a job, that did something
constexpr std::int64_t kKeptIdleRuns = 20;  // that found nothing

store::Value in_store(std::optional<TimePoint> time) {
  return time ? store::Value(time->time_since_epoch().count()) : store::Value();
}

void forget_old_runs(store::Session& session, Id job) {
  for (const auto& [what, most] :
       {std::pair("outcome = 'done' and records = 0 and refused = 0", kKeptIdleRuns),
        std::pair("not (outcome = 'done' and records = 0 and refused = 0)", kKeptRuns)}) {
    const std::string those = "job = :job and " + std::string(what);
    session.later("delete from job_runs where " + those +
                      " and id < (select min(id) from (select id from job_runs where " + those +
                      " order by id desc limit :most) as kept)",
                  {job, most});
  }
}

}  // namespace

std::string cause_name(Cause cause) {
  switch (cause) {
    case Cause::schedule:
      return "schedule";
    case Cause::request:
      return "request";
    case Cause::retry:
      return "retry";
    case Cause::more:
      return "more";
  }
  return "schedule";
}

Cause cause_from(const std::string& name) {
  for (const auto cause : {Cause::request, Cause::retry, Cause::more}) {
    if (cause_name(cause) == name) return cause;
  }
  return Cause::schedule;
}

std::string ending_name(Ending ending) {
  switch (ending) {
    case Ending::running:
      return "running";
    case Ending::done:
      return "done";
    case Ending::more:
      return "more";
    case Ending::failed:
      return "failed";
    case Ending::limited:
      return "limited";
    case Ending::cancelled:
      return "cancelled";
    case Ending::lost:
      return "lost";
  }
  return "lost";
}

Job job_of(const store::Row& row) {
  Job job;
  job.id = row.integer(0);
  job.integration = row.integer(1);
  job.name = row.text(2);
  job.cause = cause_from(row.text(3));
  job.due_at = row.maybe_integer(4);
  job.paused_at = row.maybe_integer(5);
  job.lease = row.integer(6);
  job.run = row.maybe_integer(7);
  job.checkpoint = row.maybe_text(8).value_or("null");
  job.checkpoint_at = row.maybe_integer(9);
  job.failures = row.integer(10);
  return job;
}

Run run_of(const store::Row& row) {
  Run run;
  run.id = row.integer(0);
  run.job = row.integer(1);
  run.cause = row.text(2);
  run.version = row.text(3);
  run.started_at = row.integer(4);
  run.finished_at = row.maybe_integer(5);
  run.ending = row.text(6);
  run.code = row.text(7);
  run.reason = row.text(8);
  run.pages = row.integer(9);
  run.records = row.integer(10);
  run.known = row.integer(11);
  run.refused = row.integer(12);
  run.done = row.maybe_integer(13);
  run.total = row.maybe_integer(14);
  return run;
}

std::optional<Job> find_job(store::Session& session, Id id) {
  const auto row =
      session.query_one("select " + std::string(kJobColumns) + " from jobs where id = :id", {id});
  return row ? std::optional(job_of(*row)) : std::nullopt;
}

std::vector<Job> take_jobs(store::Session& session, Id integration, const std::vector<Wanted>& wanted,
                           std::vector<Id> fresh_ids, std::int64_t now) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto due = in_store(wanted[i].due);
    session.later(
        "insert into jobs(id, integration, name, cause, due_at) values (:id, :integration, :name, "
        "'schedule', "
        "cast(:due as bigint)) on conflict (integration, name) do nothing",
        {fresh_ids.at(i), integration, wanted[i].name, due});
  }
  session.later(
      "update job_runs set outcome = 'lost', finished_at = :now where outcome = 'running' and job in (select "
      "id from "
      "jobs where integration = :integration)",
      {now, integration});
  // A run that was broken off goes on at once.
  session.exec(
      "update jobs set lease = lease + 1, touched = 0, run = null, "
      "due_at = case when run is null then due_at else coalesce(due_at, :now) end, "
      "cause = case when run is null or due_at is not null then cause else 'more' end where integration = "
      ":integration",
      {now, integration});
  std::vector<Job> jobs;
  for (const auto& row : session.query(
           "select " + std::string(kJobColumns) + " from jobs where integration = :integration order by id",
           {integration}))
    jobs.push_back(job_of(row));
  return jobs;
}

std::optional<Job> begin_run(store::Session& session, const Job& job, Id run, const std::string& version,
                             std::int64_t now) {
  const auto begun = session.exec(
      "update jobs set lease = lease + 1, run = :run, due_at = null where id = :id and lease = :lease and "
      "run is null and paused_at is null",
      {run, job.id, job.lease});
  if (begun == 0) return std::nullopt;
  session.exec(
      "insert into job_runs(id, job, cause, version, started_at, outcome) values (:id, :job, :cause, "
      ":version, :now, "
      "'running')",
      {run, job.id, cause_name(job.cause), version, now});
  return find_job(session, job.id);
}

bool forget_run(store::Session& session, Id job, Id run) {
  session.exec("delete from job_runs where id = :run and outcome = 'running'", {run});
  return session.exec("update jobs set run = null where id = :job and run = :run", {job, run}) > 0;
}

bool end_run(store::Session& session, const RunEnd& end) {
  const auto& decision = end.decision;
  // Whoever wants a run while one is under way gets another one.
  const auto ended = session.exec(
      "update jobs set run = null, failures = :failures, "
      "cause = case when due_at is null then :cause else cause end, due_at = coalesce(due_at, cast(:due as "
      "bigint)) "
      "where id = :id and lease = :lease and run = :run",
      {decision.failures, cause_name(decision.cause), in_store(decision.due), end.job.id, end.job.lease,
       end.run});
  session.exec(
      "update job_runs set outcome = :outcome, code = :code, reason = :reason, finished_at = :now where id = "
      ":id and "
      "outcome = 'running'",
      {ending_name(ended > 0 ? decision.ending : Ending::lost), end.code, end.reason, end.now, end.run});
  forget_old_runs(session, end.job.id);
  if (ended > 0 && decision.pause_until) {
    plugin::pause(session, end.job.integration, decision.scope,
                  decision.pause_until->time_since_epoch().count(), end.now);
  }
  return ended > 0;
}

}  // namespace patchbay::jobs
