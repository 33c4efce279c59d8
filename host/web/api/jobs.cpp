#include "web/api/jobs.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using jobs::Job;
using jobs::Run;
using nlohmann::json;

namespace {

constexpr const char* kRun =
    R"({"type": "object", "required": ["id", "cause", "outcome", "started_at", "finished_at", "records"], "properties": {
    "id": {"type": "string"}, "cause": {"type": "string", "enum": ["schedule", "request", "retry", "more"]},
    "version": {"type": "string", "description": "Of the plugin"},
    "outcome": {"type": "string", "enum": ["running", "done", "more", "failed", "limited", "cancelled", "lost"],
      "description": "more: goes on in another run; limited: the provider asked for a pause; lost: the host or its lease ended"},
    "started_at": {"type": "string", "format": "date-time"}, "finished_at": {"type": ["string", "null"], "format": "date-time"},
    "reason": {"type": ["object", "null"], "properties": {"code": {"type": "string"}, "text": {"type": "string"}}},
    "pages": {"type": "integer"}, "records": {"type": "integer", "description": "That were new"},
    "known": {"type": "integer", "description": "That were there already"},
    "refused": {"type": "integer", "description": "That became dead letters"},
    "progress": {"type": ["object", "null"], "properties": {"done": {"type": "integer"}, "total": {"type": ["integer", "null"]},
      "per_second": {"type": ["number", "null"]}, "remaining_ms": {"type": ["integer", "null"]}}}}})";
constexpr const char* kJob =
    R"({"type": "object", "required": ["id", "integration", "name", "state", "schedule", "due_at", "failures", "last_run"], "properties": {
    "id": {"type": "string"}, "integration": {"type": "string"}, "plugin": {"type": "string"},
    "name": {"type": "string"}, "title": {"type": "string"},
    "schedule": {"type": ["string", "null"], "description": "As in the manifest; null: the plugin has no such job now"},
    "state": {"type": "string", "enum": ["waiting", "running", "paused", "off"], "description": "off: its integration is not connected"},
    "due_at": {"type": ["string", "null"], "format": "date-time"}, "paused_at": {"type": ["string", "null"], "format": "date-time"},
    "checkpoint_at": {"type": ["string", "null"], "format": "date-time", "description": "When it last got on"},
    "failures": {"type": "integer", "description": "In a row"},
    "last_run": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/JobRun"}]}}})";

json progress_of(const Run& run, std::int64_t now) {
  if (!run.done) return json();
  json out = {{"done", *run.done}, {"total", run.total ? json(*run.total) : json()}};
  const double took = static_cast<double>(run.finished_at.value_or(now) - run.started_at) / 1000;
  // What an earlier run had done is not this one's speed.
  const auto handled = static_cast<double>(run.records + run.known + run.refused);
  const double rate = took > 0 ? handled / took : 0;
  out["per_second"] = rate > 0 ? json(rate) : json();
  const bool foreseen = rate > 0 && run.total && *run.total >= *run.done && !run.finished_at;
  out["remaining_ms"] =
      foreseen ? json(static_cast<std::int64_t>(static_cast<double>(*run.total - *run.done) / rate * 1000))
               : json();
  return out;
}

json shown_run(const Run& run, std::int64_t now, const std::string& language) {
  return {{"id", to_string_id(run.id)},
          {"cause", run.cause},
          {"version", run.version},
          {"outcome", run.ending},
          {"started_at", time_of(run.started_at)},
          {"finished_at", time_of(run.finished_at)},
          {"reason", reason_in(language, run.code, run.reason)},
          {"pages", run.pages},
          {"records", run.records},
          {"known", run.known},
          {"refused", run.refused},
          {"progress", progress_of(run, now)}};
}

// `run`: the last one, read after the job: it may have ended meanwhile.
std::string state_of(const Job& job, const Run* run, bool connected, bool known) {
  const bool ended = run != nullptr && (job.run != run->id || run->finished_at);
  if (job.run && !ended) return "running";
  if (!connected || !known) return "off";
  return job.paused_at ? "paused" : "waiting";
}

Error missing(Id id) {
  return Error(Code::not_found, Text("jobs.not_found", {{"id", to_string_id(id)}}));
}

}  // namespace

void JobsApi::add_to(Router& router) {
  router.component("JobRun", kRun);
  router.component("Job", kJob);
  const std::string job = R"({"$ref": "#/components/schemas/Job"})";
  const std::string path = "/api/v1/jobs";
  router.add(Operation::read_integrations, Verb::get, path, bound(this, &JobsApi::list),
             Doc("List jobs").query("integration", "Only of this integration", Doc::kId).lists(job));
  router.add(Operation::read_integrations, Verb::get, path + "/{id}", bound(this, &JobsApi::show),
             Doc("Show a job").answers(200, "The job", job).errors({404}));
  router.add(Operation::read_integrations, Verb::get, path + "/{id}/runs", bound(this, &JobsApi::runs),
             Doc("List the runs of a job")
                 .about("The newest first.")
                 .lists(R"({"$ref": "#/components/schemas/JobRun"})")
                 .errors({404}));
  const auto act = [&](const char* verb, const char* summary, const char* about,
                       asio::awaitable<Response> (JobsApi::*handler)(Call)) {
    router.add(Operation::manage_integrations, Verb::post, path + "/{id}/" + verb, bound(this, handler),
               Doc(summary)
                   .about(about)
                   .json(R"({"type": "object"})")
                   .optional()
                   .answers(200, "The job", job)
                   .errors({404, 409}));
  };
  act("run", "Run a job now", "While it runs, another run follows.", &JobsApi::run);
  act("pause", "Pause a job", "A run under way ends after its page.", &JobsApi::pause);
  act("resume", "Resume a job", "", &JobsApi::resume);
  act("reset", "Forget how far a job has come",
      "The next run begins from nothing; what is known already is not taken twice.", &JobsApi::reset);
}

asio::awaitable<json> JobsApi::shown(std::vector<Job> jobs, std::string language) {
  std::vector<Id> ids;
  for (const auto& job : jobs) ids.push_back(job.id);
  const auto last = co_await jobs_.last_runs(ids);
  auto find = [this, jobs](store::Session& session) {
    std::map<Id, plugin::Integration> found;
    for (const auto& job : jobs) {
      if (found.contains(job.integration)) continue;
      if (auto integration = integrations_.find(session, job.integration))
        found.emplace(job.integration, std::move(*integration));
    }
    return found;
  };
  const auto integrations = co_await store_.read(std::move(find));
  const auto now = clock_.now().time_since_epoch().count();
  json items = json::array();
  for (const auto& job : jobs) {
    const auto integration = integrations.find(job.integration);
    if (integration == integrations.end()) continue;  // removed meanwhile
    const auto manifest = catalogue_.find(integration->second.plugin);
    const plugin::JobSpec* spec = nullptr;
    for (std::size_t i = 0; manifest && i < manifest->jobs.size(); ++i) {
      if (manifest->jobs[i].id == job.name) spec = &manifest->jobs[i];
    }
    const auto run =
        std::find_if(last.begin(), last.end(), [&](const Run& each) { return each.job == job.id; });
    items.push_back({{"id", to_string_id(job.id)},
                     {"integration", to_string_id(job.integration)},
                     {"plugin", integration->second.plugin},
                     {"name", job.name},
                     {"title", spec ? spec->title : job.name},
                     {"schedule", spec ? json(spec->when_due) : json()},
                     {"state", state_of(job, run == last.end() ? nullptr : &*run,
                                        plugin::is_connected(integration->second.state), spec != nullptr)},
                     {"due_at", time_of(job.due_at)},
                     {"paused_at", time_of(job.paused_at)},
                     {"checkpoint_at", time_of(job.checkpoint_at)},
                     {"failures", job.failures},
                     {"last_run", run == last.end() ? json() : shown_run(*run, now, language)}});
  }
  co_return items;
}

asio::awaitable<Response> JobsApi::list(Call call) {
  const auto page = call.page();
  jobs::Jobs::Filter filter;
  filter.integration = call.query_id("integration");
  filter.after = page.after;
  filter.limit = static_cast<std::int64_t>(page.limit) + 1;
  auto found = co_await jobs_.list(filter);
  std::optional<Id> next;
  if (found.size() > page.limit) {
    found.pop_back();
    next = found.back().id;
  }
  auto items = co_await shown(std::move(found), call.language());
  co_return answer_list(std::move(items), next);
}

asio::awaitable<Job> JobsApi::load(Id id) {
  auto job = co_await jobs_.find(id);
  if (!job) throw missing(id);
  co_return std::move(*job);
}

asio::awaitable<Response> JobsApi::show_again(Id id, std::string language) {
  std::vector<Job> jobs;
  jobs.push_back(co_await load(id));
  const auto items = co_await shown(std::move(jobs), std::move(language));
  if (items.empty()) throw missing(id);
  co_return answer(200, items.front());
}

asio::awaitable<Response> JobsApi::show(Call call) {
  co_return co_await show_again(call.id(), call.language());
}

asio::awaitable<Response> JobsApi::runs(Call call) {
  const auto job = co_await load(call.id());
  const auto page = call.page();
  auto found = co_await jobs_.runs(job.id, page.after, static_cast<std::int64_t>(page.limit) + 1);
  const auto now = clock_.now().time_since_epoch().count();
  co_return answer_page(std::move(found), page, [now, language = call.language()](const auto& run) {
    return shown_run(run, now, language);
  });
}

asio::awaitable<Response> JobsApi::run(Call call) {
  const auto job = co_await load(call.id());
  auto find = [this, id = job.integration](store::Session& session) {
    return integrations_.find(session, id);
  };
  const auto integration = co_await store_.read(std::move(find));
  if (!integration || !plugin::is_connected(integration->state))
    throw Error(Code::conflict, Text("jobs.not_connected"));
  if (job.paused_at) throw Error(Code::conflict, Text("jobs.paused"));
  co_await jobs_.run_now(job.id);
  co_return co_await show_again(job.id, call.language());
}

asio::awaitable<Response> JobsApi::pause(Call call) {
  const auto job = co_await load(call.id());
  co_await jobs_.pause(job.id);
  co_return co_await show_again(job.id, call.language());
}

asio::awaitable<Response> JobsApi::resume(Call call) {
  const auto job = co_await load(call.id());
  co_await jobs_.resume(job.id);
  co_return co_await show_again(job.id, call.language());
}

asio::awaitable<Response> JobsApi::reset(Call call) {
  const auto job = co_await load(call.id());
  co_await jobs_.reset(job.id);
  co_return co_await show_again(job.id, call.language());
}

}  // namespace patchbay::web
