#include "domain/processes/impl/run_table.hpp"

#include <limits>

namespace patchbay::domain::processes {

using nlohmann::json;

namespace {

#define PB_PROCESS "select code, id, version, definition from processes"
#define PB_RUN                                                                                      \
  "select id, process, state, parameters, result, error, attempts, not_before, lease, started_by, " \
  "created_at, "                                                                                    \
  "finished_at from process_runs "
#define PB_DUE PB_RUN "where state = 'queued' and not_before <= :now order by not_before, id limit :most"
#define PB_QUEUED PB_RUN "where id = :id and state = 'queued'"

Process process_of(const store::Row& row) {
  auto process = read_process(json::parse(row.text(3)));
  process.id = row.integer(1);
  process.version = row.integer(2);
  return process;
}

Run run_of(const store::Row& row) {
  Run run;
  run.id = row.integer(0);
  run.process = row.text(1);
  run.state = row.text(2);
  run.parameters = json::parse(row.text(3));
  if (const auto result = row.maybe_text(4)) run.result = json::parse(*result);
  run.error = row.maybe_text(5).value_or("");
  run.attempts = row.integer(6);
  run.not_before = row.integer(7);
  run.lease = row.integer(8);
  run.started_by = row.text(9);
  run.created_at = row.integer(10);
  run.finished_at = row.maybe_integer(11);
  return run;
}

std::vector<Run> runs_of(const std::vector<store::Row>& rows) {
  std::vector<Run> runs;
  for (const auto& row : rows) runs.push_back(run_of(row));
  return runs;
}

std::optional<Process> maybe_process(const std::optional<store::Row>& row) {
  return row ? std::optional(process_of(*row)) : std::nullopt;
}

std::optional<Run> first(const std::vector<store::Row>& rows) {
  return rows.empty() ? std::nullopt : std::optional(run_of(rows.front()));
}

}  // namespace

std::vector<Process> RunTable::processes() {
  std::vector<Process> all;
  for (const auto& row : session_.query(PB_PROCESS " order by code")) all.push_back(process_of(row));
  return all;
}

std::optional<Process> RunTable::process(const std::string& code) {
  return maybe_process(session_.query_one(PB_PROCESS " where code = :code", {code}));
}

std::optional<Process> RunTable::hold_process(const std::string& code) {
  if (session_.dialect() == store::Dialect::postgresql)
    return maybe_process(session_.query_one(PB_PROCESS " where code = :code for update", {code}));
  return process(code);
}

std::optional<Process> RunTable::share_process(const std::string& code) {
  if (session_.dialect() == store::Dialect::postgresql)
    return maybe_process(session_.query_one(PB_PROCESS " where code = :code for share", {code}));
  return process(code);
}

bool RunTable::insert(const Process& process) {
  return session_.exec(
             "insert into processes(code, id, version, definition) values (:code, :id, :version, "
             ":definition) on "
             "conflict(code) do nothing",
             {process.code, process.id, process.version, to_json(process).dump()}) > 0;
}

bool RunTable::update(const Process& process, std::int64_t former) {
  return session_.exec(
             "update processes set version = :version, definition = :definition where code = :code and "
             "version = :former",
             {process.version, to_json(process).dump(), process.code, former}) > 0;
}

void RunTable::remove_process(const std::string& code) {
  session_.exec("delete from processes where code = :code", {code});
}

void RunTable::insert(const Run& run) {
  session_.exec(
      "insert into process_runs(id, process, state, parameters, attempts, not_before, lease, lease_until, "
      "started_by, "
      "created_at) values (:id, :process, 'queued', :parameters, 0, :not_before, 0, 0, :by, :at)",
      {run.id, run.process, run.parameters.dump(), run.not_before, run.started_by, run.created_at});
}

std::optional<Run> RunTable::find(Id run) {
  return first(session_.query(PB_RUN "where id = :id", {run}));
}

std::vector<Run> RunTable::list(const RunFilter& filter, Id before, std::size_t limit) {
  const auto until = before == 0 ? std::numeric_limits<Id>::max() : before;
  // One statement for each way of asking: an index serves each, and a partial one only where the words are
  // the same.
  std::string sql = PB_RUN "where id < :until";
  store::Values values = {until};
  const auto add = [&](const char* condition, const std::string& value) {
    if (value.empty()) return;
    sql += condition;
    values.emplace_back(value);
  };
  add(" and process = :process", filter.process);
  add(" and started_by = :by", filter.started_by);
  if (filter.state == "failed") {
    sql += " and state = 'failed'";
  } else {
    add(" and state = :state", filter.state);
  }
  values.emplace_back(static_cast<std::int64_t>(limit));
  return runs_of(session_.query(sql + " order by id desc limit :most", values));
}

std::int64_t RunTable::sweep(std::int64_t until, std::int64_t most) {
  return session_.exec(
      "delete from process_runs where id in (select id from process_runs where finished_at < :until order by "
      "finished_at limit :most)",
      {until, most});
}

bool RunTable::has_work(std::int64_t now) {
  return session_
      .query_one(
          "select id from process_runs where state = 'queued' and not_before <= :now union all select id "
          "from "
          "process_runs where state = 'running' and lease_until < :now limit 1",
          {now})
      .has_value();
}

std::vector<Run> RunTable::hold_due(std::int64_t now, std::size_t most) {
  const auto limit = static_cast<std::int64_t>(most);
  if (session_.dialect() == store::Dialect::postgresql)
    return runs_of(session_.query(PB_DUE " for update skip locked", {now, limit}));
  return runs_of(session_.query(PB_DUE, {now, limit}));
}

std::optional<Run> RunTable::hold_queued(Id run) {
  if (session_.dialect() == store::Dialect::postgresql)
    return first(session_.query(PB_QUEUED " for update skip locked", {run}));
  return first(session_.query(PB_QUEUED, {run}));
}

void RunTable::lease(const Run& run, std::int64_t until) {
  session_.exec(
      "update process_runs set state = 'running', attempts = :attempts, lease = :lease, lease_until = :until "
      "where id = "
      ":id",
      {run.attempts, run.lease, until, run.id});
}

void RunTable::take_back(std::int64_t now) {
  session_.exec("update process_runs set state = 'queued' where state = 'running' and lease_until < :now",
                {now});
}

bool RunTable::settle(const Run& run) {
  return session_.exec(
             "update process_runs set state = :state, result = :result, error = :error, attempts = "
             ":attempts, not_before = "
             ":not_before, finished_at = :finished_at where id = :id and lease = :lease and state in "
             "('queued', "
             "'running')",
             {run.state, run.result.is_null() ? store::Value() : store::Value(run.result.dump()),
              run.error.empty() ? store::Value() : store::Value(run.error), run.attempts, run.not_before,
              store::nullable(run.finished_at), run.id, run.lease}) > 0;
}

bool RunTable::queue_again(Id run, std::int64_t now) {
  return session_.exec(
             "update process_runs set state = 'queued', attempts = 0, not_before = :now, finished_at = null "
             "where id = "
             ":id and state = 'failed'",
             {now, run}) > 0;
}

bool RunTable::has_open(const std::string& process) {
  return session_
      .query_one(
          "select id from process_runs where process = :process and state in ('queued', 'running') limit 1",
          {process})
      .has_value();
}

}  // namespace patchbay::domain::processes
