#include "web/api/processes.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/api/records.hpp"
#include "web/api/shown.hpp"
#include "web/precondition.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::processes::MadeProcess;
using domain::processes::Process;
using domain::processes::Run;
using domain::processes::RunFilter;
using domain::processes::Starter;
using nlohmann::json;

namespace {

#define PB_WORDS                                                       \
  R"({"description": "Words in each language, or one text for all", )" \
  R"("anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]})"
#define PB_PROCESS_CODE R"("code": {"type": "string", "maxLength": 200})"
#define PB_PARAMETER                                                                                           \
  R"({"type": "object", "additionalProperties": false, "required": ["code"], "properties": {)" PB_PROCESS_CODE \
  R"(, "type": {"type": "string", "description": "text, number, boolean, datetime or id"},)"                   \
  R"("title": )" PB_WORDS R"(, "required": {"type": "boolean"}}})"
#define PB_PROCESS_REST                                                                            \
  R"("title": )" PB_WORDS                                                                          \
  R"(, "tags": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 200}},)" \
  R"("parameters": {"type": "array", "maxItems": 50, "items": )" PB_PARAMETER                      \
  R"(}, "active": {"type": "boolean"},)"                                                           \
  R"("url": {"type": "string", "description": "Gets a POST, signed as Standard Webhooks say"},)"   \
  R"("timeout_ms": {"type": "integer", "description": "Of one try"},)"                             \
  R"("attempts": {"type": "integer", "description": "Tries at most: after 1 s, 4 s, 16 s, ... an hour"})"

constexpr const char* kProcess =
    R"({"type": "object", "required": ["code", "title", "tags", "parameters", "active", "built_in"], "properties": {
    "built_in": {"type": "boolean"}, "plugin": {"type": ["string", "null"], "description": "Whose it is"}, "secret": {"type": "string", "description": "Shown once: what signatures are checked with"}, )" PB_PROCESS_CODE
    "," PB_PROCESS_REST "}}";
constexpr const char* kNew =
    R"({"type": "object", "additionalProperties": false, "required": ["code", "title", "url"], "properties": {)" PB_PROCESS_CODE
    "," PB_PROCESS_REST "}}";
constexpr const char* kChange =
    R"({"type": "object", "additionalProperties": false, "properties": {)" PB_PROCESS_REST "}}";
constexpr const char* kProcesses =
    R"({"type": "object", "required": ["processes"], "properties": {"processes": {"type": "array", "items": {"$ref": "#/components/schemas/Process"}}}})";
constexpr const char* kRun =
    R"({"type": "object", "required": ["id", "process", "state", "parameters", "result", "error", "attempts", "started_by", "created_at", "finished_at"], "properties": {
    "id": {"type": "string"}, "process": {"type": "string"},
    "state": {"type": "string", "enum": ["queued", "running", "done", "failed"]},
    "parameters": {"type": "object"}, "result": {"description": "What the process answered; null: nothing"},
    "error": {"type": ["string", "null"], "description": "Of the last try"}, "attempts": {"type": "integer"},
    "not_before": {"type": "string", "format": "date-time", "description": "The next try"},
    "started_by": {"type": "string"}, "created_at": {"type": "string", "format": "date-time"},
    "finished_at": {"type": ["string", "null"], "format": "date-time"}}})";
constexpr const char* kStart =
    R"({"type": "object", "additionalProperties": false, "properties": {"parameters": {"type": "object", "maxProperties": 100}}})";
constexpr const char* kState = R"({"type": "string", "enum": ["queued", "running", "done", "failed"]})";

// Where a process calls is no business of who starts it: an address may hold a key.
json shown(const Process& process, bool all) {
  auto out = to_json(process);
  if (!all) {
    for (const auto* one : {"url", "timeout_ms", "attempts"}) out.erase(one);
  }
  out["built_in"] = process.built_in;
  out["plugin"] = or_null(process.plugin);
  return out;
}

json shown(const MadeProcess& made) {
  auto out = shown(made.process, true);
  out["secret"] = made.secret;
  return out;
}

Starter starter_of(const Call& call) {
  const auto& may = call.who.operations;
  return Starter(asker_of(call), may.has(Operation::read_chats), may.has(Operation::write_records));
}

bool manages(const Call& call) {
  return call.who.operations.has(Operation::manage_processes);
}

// Who manages processes sees all runs, everybody else his own: parameters and results tell of records.
bool sees(const Call& call, const Run& run) {
  return manages(call) || call.who.session == nullptr || run.started_by == call.who.name;
}

}  // namespace

json shown(const Run& run, const std::string& language) {
  return {{"id", to_string_id(run.id)},
          {"process", run.process},
          {"state", run.state},
          {"parameters", run.parameters},
          {"result", run.result},
          {"error", words_in(language, run.error)},
          {"attempts", run.attempts},
          {"not_before", time_of(run.not_before)},
          {"started_by", run.started_by},
          {"created_at", time_of(run.created_at)},
          {"finished_at", time_of(run.finished_at)}};
}

void ProcessesApi::add_to(Router& router) {
  router.component("Process", kProcess);
  router.component("ProcessRun", kRun);
  const std::string process = R"({"$ref": "#/components/schemas/Process"})";
  const std::string path = "/api/v1/processes";
  router.add(
      Operation::read_processes, Verb::get, path, bound(this, &ProcessesApi::list),
      Doc("Show the processes").query("tag", "Only those with this tag").answers(200, "By code", kProcesses));
  router.add(
      Operation::manage_processes, Verb::post, path, bound(this, &ProcessesApi::create),
      Doc("Add a process that calls an address")
          .about(
              "Each call is a POST signed as Standard Webhooks say, with the same webhook-id at every try of "
              "a run. The secret is shown once.")
          .json(kNew)
          .answers(201, "The process, with its secret", process)
          .errors({409}));
  router.add(Operation::read_processes, Verb::get, path + "/{code}", bound(this, &ProcessesApi::show),
             Doc("Show a process")
                 .about("Who does not manage processes sees no address, time and number of tries.")
                 .path("code", "Of the process")
                 .answers(200, "The process", process)
                 .errors({404}));
  router.add(Operation::manage_processes, Verb::patch, path + "/{code}",
             guarded(bound(this, &ProcessesApi::change)),
             Doc("Change a process")
                 .path("code", "Of the process")
                 .header("If-Match", kIfMatch)
                 .json(kChange)
                 .answers(200, "The process", process)
                 .errors({404, 409, 412, 428}));
  router.add(Operation::manage_processes, Verb::del, path + "/{code}",
             guarded(bound(this, &ProcessesApi::remove)),
             Doc("Remove a process")
                 .about("Its runs stay.")
                 .path("code", "Of the process")
                 .header("If-Match", kIfMatch)
                 .answers(204, "Removed")
                 .errors({404, 409, 412, 428}));
  router.add(Operation::manage_processes, Verb::post, path + "/{code}/secret",
             bound(this, &ProcessesApi::renew_secret),
             Doc("Renew the secret of a process")
                 .about("For a day calls are signed with the former one as well.")
                 .path("code", "Of the process")
                 .answers(200, "The process, with its secret", process)
                 .errors({404, 409}));
  add_runs_to(router);
}

void ProcessesApi::add_runs_to(Router& router) {
  const std::string run = R"({"$ref": "#/components/schemas/ProcessRun"})";
  const std::string path = "/api/v1/process-runs";
  router.add(
      Operation::run_processes, Verb::post, "/api/v1/processes/{code}/runs",
      bound(this, &ProcessesApi::start),
      Doc("Start a process")
          .about("A process of the host does only what its starter may do: CreateCaseFromChat needs a chat "
                 "that he may read, and the right to change cases.")
          .path("code", "Of the process")
          .json(kStart)
          .optional()
          .answers(202, "The run, queued", run)
          .errors({404, 409}));
  router.add(Operation::read_processes, Verb::get, path, bound(this, &ProcessesApi::runs),
             Doc("List runs, the newest first")
                 .about("Users see their own, who manages processes all.")
                 .query("process", "Only of this process")
                 .query("state", "Only in this state", kState)
                 .lists(run));
  router.add(Operation::read_processes, Verb::get, path + "/{id}", bound(this, &ProcessesApi::run),
             Doc("Show a run").answers(200, "The run", run).errors({404}));
  router.add(Operation::manage_processes, Verb::post, path + "/{id}/retry", bound(this, &ProcessesApi::retry),
             Doc("Try a run that failed once more").answers(202, "The run, queued", run).errors({404, 409}));
}

asio::awaitable<Response> ProcessesApi::list(Call call) {
  auto all = json::array();
  auto tag = call.query("tag").value_or("");
  const auto found = co_await processes_.list(std::move(tag));
  for (const auto& one : found) all.push_back(shown(one, manages(call)));
  co_return answer(200, {{"processes", std::move(all)}});
}

asio::awaitable<Response> ProcessesApi::create(Call call) {
  const auto made = co_await processes_.create(call.json(), call.who.actor());
  auto response = answer(201, shown(made));
  response.headers.add("Location", "/api/v1/processes/" + made.process.code);
  add_etag(response, made.process.version);
  co_return response;
}

asio::awaitable<Response> ProcessesApi::show(Call call) {
  const auto found = co_await processes_.get(call.param("code"));
  auto response = answer(200, shown(found, manages(call)));
  add_etag(response, found.version);
  co_return response;
}

asio::awaitable<Response> ProcessesApi::change(Call call) {
  const auto version = wanted_version(call);
  const auto now = co_await processes_.change(call.param("code"), call.json(), version, call.who.actor());
  auto response = answer(200, shown(now, true));
  add_etag(response, now.version);
  co_return response;
}

asio::awaitable<Response> ProcessesApi::remove(Call call) {
  const auto version = wanted_version(call);
  co_await processes_.remove(call.param("code"), version, call.who.actor());
  co_return Response(204);
}

asio::awaitable<Response> ProcessesApi::renew_secret(Call call) {
  const auto made = co_await processes_.renew_secret(call.param("code"), call.who.actor());
  co_return answer(200, shown(made));
}

asio::awaitable<Response> ProcessesApi::start(Call call) {
  auto parameters = call.json().value("parameters", json::object());
  auto who = starter_of(call);
  const auto run = co_await processes_.start_run(call.param("code"), std::move(parameters), std::move(who));
  auto response = answer(202, shown(run, call.language()));
  response.headers.add("Location", "/api/v1/process-runs/" + to_string_id(run.id));
  co_return response;
}

asio::awaitable<Response> ProcessesApi::runs(Call call) {
  RunFilter filter;
  filter.process = call.query("process").value_or("");
  filter.state = call.query("state").value_or("");
  const bool all = manages(call) || call.who.session == nullptr;
  if (!all) filter.started_by = call.who.name;
  const auto page = call.page();
  auto found = co_await processes_.runs(std::move(filter), page.after, page.limit + 1);
  const auto language = call.language();
  co_return answer_page(std::move(found), page, [&](const Run& run) { return shown(run, language); });
}

asio::awaitable<Response> ProcessesApi::run(Call call) {
  const auto found = co_await processes_.run(call.id());
  if (!sees(call, found))
    throw Error(Code::not_found, Text("base.not_found", {{"what", to_string_id(found.id)}}));
  co_return answer(200, shown(found, call.language()));
}

asio::awaitable<Response> ProcessesApi::retry(Call call) {
  const auto queued = co_await processes_.retry(call.id(), call.who.actor());
  co_return answer(202, shown(queued, call.language()));
}

}  // namespace patchbay::web
