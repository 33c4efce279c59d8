#include "jobs/jobs.hpp"

#include "jobs/impl/job_table.hpp"

namespace patchbay::jobs {

namespace asio = boost::asio;

Jobs::Jobs(store::Store& store, const Clock& clock, std::function<void()> touched)
    : store_(store), clock_(clock), touched_(std::move(touched)) {}

asio::awaitable<std::vector<Job>> Jobs::list(Filter filter) {
  auto query = [filter](store::Session& session) {
    std::string sql = "select " + std::string(kJobColumns) + " from jobs where id > :after";
    store::Values values{filter.after};
    if (filter.integration) {
      sql += " and integration = :integration";
      values.emplace_back(*filter.integration);
    }
    values.emplace_back(filter.limit);
    std::vector<Job> jobs;
    for (const auto& row : session.query(sql + " order by id limit :most", std::move(values)))
      jobs.push_back(job_of(row));
    return jobs;
  };
  co_return co_await store_.read(std::move(query));
}

asio::awaitable<std::optional<Job>> Jobs::find(Id id) {
  auto query = [id](store::Session& session) { return find_job(session, id); };
  co_return co_await store_.read(std::move(query));
}

asio::awaitable<std::vector<Run>> Jobs::runs(Id job, Id before, std::int64_t limit) {
  auto query = [job, before = before == 0 ? INT64_MAX : before, limit](store::Session& session) {
    std::vector<Run> runs;
    for (const auto& row :
         session.query("select " + std::string(kRunColumns) +
                           " from job_runs where job = :job and id < :before order by id desc limit :most",
                       {job, before, limit}))
      runs.push_back(run_of(row));
    return runs;
  };
  co_return co_await store_.read(std::move(query));
}

asio::awaitable<std::vector<Run>> Jobs::last_runs(std::vector<Id> jobs) {
  auto query = [jobs = std::move(jobs)](store::Session& session) {
    std::vector<store::Values> each;
    for (const auto job : jobs) each.push_back({job});
    std::vector<Run> runs;
    const auto found = session.query_each(
        "select " + std::string(kRunColumns) + " from job_runs where job = :job order by id desc limit 1",
        std::move(each));
    for (const auto& rows : found) {
      if (!rows.empty()) runs.push_back(run_of(rows.front()));
    }
    return runs;
  };
  co_return co_await store_.read(std::move(query));
}

asio::awaitable<bool> Jobs::change(std::string assignments, store::Values values, Id id) {
  values.emplace_back(id);
  auto work = [sql = "update jobs set " + assignments + ", touched = 1 where id = :id",
               values = std::move(values)](store::Session& session) { return session.exec(sql, values) > 0; };
  const bool known = co_await store_.write(std::move(work));
  if (known && touched_) touched_();
  co_return known;
}

asio::awaitable<bool> Jobs::run_now(Id id) {
  store::Values values{clock_.now().time_since_epoch().count()};
  co_return co_await change("due_at = :now, cause = 'request'", std::move(values), id);
}

asio::awaitable<bool> Jobs::pause(Id id) {
  store::Values values{clock_.now().time_since_epoch().count()};
  co_return co_await change("paused_at = coalesce(paused_at, :now)", std::move(values), id);
}

asio::awaitable<bool> Jobs::resume(Id id) {
  co_return co_await change("paused_at = null", store::Values(), id);
}

asio::awaitable<bool> Jobs::reset(Id id) {
  co_return co_await change(
      "checkpoint = null, checkpoint_at = null, failures = 0, lease = lease + 1, run = null", store::Values(),
      id);
}

}  // namespace patchbay::jobs
