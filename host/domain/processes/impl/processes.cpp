#include "domain/processes/processes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "domain/processes/impl/state.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::processes {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::int64_t kFormerSecret = 24LL * 3'600'000;

vault::SecretName secret_of(Id process) {
  return vault::SecretName("process", process, "secret");
}

void require_version(std::int64_t present, std::optional<std::int64_t> wanted) {
  if (wanted && *wanted != present)
    throw Error(Code::conflict, Text("domain.records.changed", {{"version", std::to_string(present)}}));
}

// One that can be changed, held: ours are as they are.
Process require_own(store::Session& session, const std::string& code,
                    const std::map<std::string, BuiltIn>& built_in) {
  if (built_in.contains(code))
    throw Error(Code::conflict, Text("domain.processes.built_in", {{"code", code}}));
  if (auto found = RunTable(session).hold_process(code)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.processes.no_process", {{"code", code.substr(0, 100)}}));
}

bool has_tag(const Process& process, const std::string& tag) {
  return tag.empty() || std::find(process.tags.begin(), process.tags.end(), tag) != process.tags.end();
}

Run require_run(store::Session& session, Id id) {
  if (auto found = RunTable(session).find(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.processes.no_run", {{"id", to_string_id(id)}}));
}

}  // namespace

Processes::Processes(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

Processes::~Processes() = default;

void Processes::add(BuiltIn built_in) {
  built_in.process.built_in = true;
  auto code = built_in.process.code;
  state_->built_in.emplace(std::move(code), std::move(built_in));
}

void Processes::used_by(Users users) {
  state_->users.push_back(std::move(users));
}

void Processes::start() {
  state_->wake();
}

asio::awaitable<void> Processes::stop() {
  co_await state_->scope.stop();
  if (!state_->calls.empty()) co_await state_->give_back();
}

void Processes::wake() {
  state_->wake();
}

asio::awaitable<void> Processes::look() {
  co_await state_->look();
}

asio::awaitable<std::vector<Process>> Processes::list(std::string tag) {
  auto work = [](store::Session& session) { return RunTable(session).processes(); };
  auto all = co_await state_->parts.store.read(std::move(work));
  for (const auto& [code, one] : state_->built_in) all.push_back(one.process);
  std::erase_if(all, [&](const Process& one) { return !has_tag(one, tag); });
  std::sort(all.begin(), all.end(), [](const Process& a, const Process& b) { return a.code < b.code; });
  co_return all;
}

asio::awaitable<Process> Processes::get(std::string code) {
  auto work = [=, this](store::Session& session) { return state_->require(session, code); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<MadeProcess> Processes::create(json document, std::string who) {
  MadeProcess made;
  made.process = read_process(document);
  made.process.id = state_->parts.ids.next();
  made.process.version = state_->now();  // not the one of another that had this code
  made.secret = make_secret();
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    const auto& code = made.process.code;
    if (state_->built_in.contains(code) || !RunTable(session).insert(made.process))
      throw Error(Code::conflict, Text("domain.records.code_taken", {{"code", code}}));
    parts.vault->put(session, secret_of(made.process.id), made.secret);
    store::write_audit(
        session, store::AuditEntry(parts.ids.next(), state_->now(), who, "process.create", "process:" + code,
                                   json({{"new", to_json(made.process)}}).dump()));
  };
  co_await state_->parts.store.write(std::move(work));
  co_return made;
}

asio::awaitable<Process> Processes::change(std::string code, json change, std::optional<std::int64_t> version,
                                           std::string who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    const auto before = require_own(session, code, state_->built_in);
    require_version(before.version, version);
    auto document = to_json(before);
    document.update(change);
    document["code"] = code;
    auto after = read_process(document);
    after.id = before.id;
    after.version = before.version + 1;
    if (to_json(before) == to_json(after)) return before;
    // Somebody else was quicker.
    if (!RunTable(session).update(after, before.version)) require_version(after.version, before.version);
    store::write_audit(
        session, store::AuditEntry(parts.ids.next(), state_->now(), who, "process.change", "process:" + code,
                                   json({{"old", to_json(before)}, {"new", to_json(after)}}).dump()));
    return after;
  };
  co_return co_await state_->parts.store.write(std::move(work));
}

asio::awaitable<void> Processes::remove(std::string code, std::optional<std::int64_t> version,
                                        std::string who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    RunTable table(session);
    const auto process = require_own(session, code, state_->built_in);
    require_version(process.version, version);
    if (table.has_open(code))
      throw Error(Code::conflict, Text("domain.processes.under_way", {{"code", code}}));
    for (const auto& users : state_->users) {
      const auto names = joined(users(session, code));
      if (!names.empty())
        throw Error(Code::conflict, Text("domain.processes.used", {{"code", code}, {"users", names}}));
    }
    table.remove_process(code);
    parts.vault->remove_all(session, "process", process.id);
    store::write_audit(
        session, store::AuditEntry(parts.ids.next(), state_->now(), who, "process.remove", "process:" + code,
                                   json({{"old", to_json(process)}}).dump()));
  };
  co_await state_->parts.store.write(std::move(work));
}

asio::awaitable<MadeProcess> Processes::renew_secret(std::string code, std::string who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    MadeProcess made;
    made.process = require_own(session, code, state_->built_in);
    made.secret = make_secret();
    parts.vault->replace(session, secret_of(made.process.id), made.secret, state_->now() + kFormerSecret);
    store::write_audit(session, store::AuditEntry(parts.ids.next(), state_->now(), who,
                                                  "process.renew_secret", "process:" + code));
    return made;
  };
  co_return co_await state_->parts.store.write(std::move(work));
}

std::optional<Process> Processes::find_in(store::Session& session, const std::string& code) {
  const auto found = state_->built_in.find(code);
  return found != state_->built_in.end() ? found->second.process : RunTable(session).share_process(code);
}

Run Processes::start_in(store::Session& session, const std::string& code, const json& parameters,
                        const std::string& who) {
  const auto process = find_in(session, code);
  if (!process)
    throw Error(Code::not_found, Text("domain.processes.no_process", {{"code", code.substr(0, 100)}}));
  if (!process->active) throw Error(Code::conflict, Text("domain.processes.not_active", {{"code", code}}));
  Run run;
  run.id = state_->parts.ids.next();
  run.process = code;
  run.parameters = checked_parameters(*process, parameters);
  run.started_by = who;
  run.created_at = run.not_before = state_->now();
  RunTable(session).insert(run);
  return run;
}

asio::awaitable<Run> Processes::start_run(std::string code, json parameters, std::string who) {
  auto work = [=, this](store::Session& session) { return start_in(session, code, parameters, who); };
  auto started = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return started;
}

asio::awaitable<std::vector<Run>> Processes::runs(RunFilter filter, Id before, std::size_t limit) {
  auto work = [=](store::Session& session) { return RunTable(session).list(filter, before, limit); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Run> Processes::run(Id id) {
  auto work = [=](store::Session& session) { return require_run(session, id); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Run> Processes::retry(Id id, std::string who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    const auto run = require_run(session, id);
    state_->require(session, run.process);
    if (!RunTable(session).queue_again(id, state_->now()))
      throw Error(Code::conflict, Text("domain.processes.not_failed", {{"state", run.state}}));
    store::write_audit(session, store::AuditEntry(parts.ids.next(), state_->now(), who, "process.retry",
                                                  "run:" + to_string_id(id)));
    return require_run(session, id);
  };
  auto queued = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return queued;
}

}  // namespace patchbay::domain::processes
