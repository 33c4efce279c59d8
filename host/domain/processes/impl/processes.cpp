#include "domain/processes/processes.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/processes/impl/state.hpp"
#include "domain/version.hpp"
#include "plugin/integration.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::processes {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

vault::SecretName secret_of(Id process) {
  return vault::SecretName("process", process, "secret");
}

// Of this plugin, those that are connected.
std::vector<Id> connected_ones(store::Session& session, const std::string& plugin) {
  std::vector<Id> all;
  for (const auto& row :
       session.query("select id, state from integrations where plugin = :plugin order by id", {plugin})) {
    const auto state = plugin::parse_state(row.text(1));
    if (state && plugin::is_connected(*state)) all.push_back(row.integer(0));
  }
  return all;
}

// The integration that does it: the one that is named, or the only one.
json with_integration(store::Session& session, const Process& process, json parameters) {
  const auto all = connected_ones(session, process.plugin);
  if (all.empty())
    throw Error(Code::conflict, Text("domain.processes.not_connected", {{"plugin", process.plugin}}));
  const auto given = parameters.value(kIntegration, json());
  const auto wanted = given.is_null() && all.size() == 1 ? all.front()
                      : given.is_null()                  ? Id{0}
                                                         : parse_id(given.get<std::string>()).value_or(0);
  if (std::find(all.begin(), all.end(), wanted) == all.end()) {
    std::vector<std::string> known;
    for (const auto id : all) known.push_back(to_string_id(id));
    Error error(Code::invalid, Text("domain.refused"));
    throw error.add(Diagnostic(
        std::string("/parameters/") + kIntegration,
        Text("domain.processes.which_integration", {{"plugin", process.plugin}, {"known", joined(known)}})));
  }
  parameters[kIntegration] = to_string_id(wanted);
  return parameters;
}

// The call would be refused later, when whoever wrote the address is not there any more.
void require_callable(const Process& process, const std::vector<std::string>& opened) {
  auto refused = calls::refuse_address(process.url, opened);
  if (!refused) return;
  Error error(Code::invalid, Text("domain.refused"));
  throw error.add(Diagnostic("/url", std::move(*refused)));
}

bool has_tag(const Process& process, const std::string& tag) {
  return tag.empty() || std::find(process.tags.begin(), process.tags.end(), tag) != process.tags.end();
}

Run require_run(store::Session& session, Id id) {
  if (auto found = RunTable(session).find(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.processes.no_run", {{"id", to_string_id(id)}}));
}

}  // namespace

Process Processes::State::require_own(store::Session& session, const std::string& code) {
  if (built_in.contains(code))
    throw Error(Code::conflict, Text("domain.processes.built_in", {{"code", code}}));
  if (auto found = RunTable(session).hold_process(code)) return std::move(*found);
  const auto theirs = of_plugin(code);
  if (theirs)
    throw Error(Code::conflict,
                Text("domain.processes.of_plugin", {{"code", code}, {"plugin", theirs->plugin}}));
  throw Error(Code::not_found, Text("domain.processes.no_process", {{"code", code.substr(0, 100)}}));
}

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
  for (auto& one : state_->of_plugins()) {
    const auto is_it = [&](const Process& other) { return other.code == one.code; };
    if (std::none_of(all.begin(), all.end(), is_it)) all.push_back(std::move(one));
  }
  std::erase_if(all, [&](const Process& one) { return !has_tag(one, tag); });
  std::sort(all.begin(), all.end(), [](const Process& a, const Process& b) { return a.code < b.code; });
  co_return all;
}

asio::awaitable<Process> Processes::get(std::string code) {
  auto work = [=, this](store::Session& session) { return state_->require(session, code); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<MadeProcess> Processes::create(json document, store::Actor who) {
  MadeProcess made;
  made.process = read_process(document);
  require_callable(made.process, state_->parts.opened());
  made.process.id = state_->parts.ids.next();
  made.process.version = state_->now();  // not the one of another that had this code
  made.secret = calls::make_secret();
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    const auto& code = made.process.code;
    if (state_->built_in.contains(code) || state_->of_plugin(code) || !RunTable(session).insert(made.process))
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
                                           store::Actor who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    const auto before = state_->require_own(session, code);
    require_version(before.version, version);
    auto document = to_json(before);
    document.update(change);
    document["code"] = code;
    auto after = read_process(document);
    if (after.url != before.url) require_callable(after, parts.opened());
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
                                        store::Actor who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    RunTable table(session);
    const auto process = state_->require_own(session, code);
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

asio::awaitable<MadeProcess> Processes::renew_secret(std::string code, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    auto& parts = state_->parts;
    MadeProcess made;
    made.process = state_->require_own(session, code);
    made.secret = calls::make_secret();
    parts.vault->replace(session, secret_of(made.process.id), made.secret,
                         state_->now() + calls::kFormerSecret.count());
    store::write_audit(session, store::AuditEntry(parts.ids.next(), state_->now(), who,
                                                  "process.renew_secret", "process:" + code));
    return made;
  };
  co_return co_await state_->parts.store.write(std::move(work));
}

std::optional<Process> Processes::find_in(store::Session& session, const std::string& code) {
  const auto found = state_->built_in.find(code);
  if (found != state_->built_in.end()) return found->second.process;
  if (auto own = RunTable(session).share_process(code)) return own;
  return state_->of_plugin(code);
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
  if (!process->plugin.empty())
    run.parameters = with_integration(session, *process, std::move(run.parameters));
  run.started_by = who;
  run.created_at = run.not_before = state_->now();
  RunTable(session).insert(run);
  return run;
}

asio::awaitable<Run> Processes::start_run(std::string code, json parameters, Starter who) {
  auto work = [=, this](store::Session& session) {
    const auto ours = state_->built_in.find(code);
    if (ours != state_->built_in.end() && ours->second.may)
      ours->second.may(session, who, checked_parameters(ours->second.process, parameters));
    return start_in(session, code, parameters, who.asker.author.name);
  };
  auto started = co_await state_->parts.store.write(std::move(work));
  wake();
  co_return started;
}

std::int64_t Processes::sweep(store::Session& session, TimePoint now, std::int64_t most) {
  return RunTable(session).sweep((now - kKeep).time_since_epoch().count(), most);
}

asio::awaitable<std::vector<Run>> Processes::runs(RunFilter filter, Id before, std::size_t limit) {
  auto work = [=](store::Session& session) { return RunTable(session).list(filter, before, limit); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Run> Processes::run(Id id) {
  auto work = [=](store::Session& session) { return require_run(session, id); };
  co_return co_await state_->parts.store.read(std::move(work));
}

asio::awaitable<Run> Processes::retry(Id id, store::Actor who) {
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
