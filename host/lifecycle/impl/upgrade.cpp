// Another version of a plugin for an integration that runs, forwards and back (HOST-4, SETUP-5). On copies
// first: until the new version has taken settings and checkpoints and has reached the provider, nothing has
// changed.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"
#include "base/trace.hpp"
#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/impl/shared.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/settings.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;
using plugin::State;

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr Id kAtOnce = 4;  // upgrades: each starts a process and asks a provider
constexpr Duration kMigrateLimit = 20s;
constexpr Duration kConfigureLimit = 10s;
constexpr Duration kFirstRepeat = 30s;
constexpr Duration kLongestRepeat = 10min;
constexpr Duration kStoreAway = 1s;

// The instance of the new version, beside that of the old one.
Id trial_of(Id integration) {
  return -integration;
}

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::deadline || code == Code::rate_limited ||
         code == Code::outcome_unknown;
}

// Of the notice that note() writes.
std::string refused_version(const Integration& integration) {
  const auto notice = json::parse(integration.notice, nullptr, false);
  return notice.is_object() ? notice.value("version", "") : std::string();
}

Error needs_attention(const Error& cause, const plugin::Manifest& next) {
  Error error(Code::invalid, Text("lifecycle.migration", {{"version", next.version}, {"why", cause.kept()}}));
  for (const auto& diagnostic : cause.diagnostics()) error.add(diagnostic);
  return error;
}

}  // namespace

Lifecycle::ManifestPtr Lifecycle::running(Id id) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  return found == running_.end() ? nullptr : found->second;
}

void Lifecycle::set_running(Id id, ManifestPtr manifest) {
  const std::lock_guard lock(mutex_);
  lent_.erase(id);
  if (manifest)
    running_[id] = std::move(manifest);
  else
    running_.erase(id);
}

void Lifecycle::plugins_changed() {
  tasks_.spawn("follow the plugins", follow_plugins());
}

asio::awaitable<void> Lifecycle::follow_plugins() {
  const auto connected = co_await connected_ones();
  for (const auto& integration : connected) {
    const auto id = integration.id;
    const auto next = parts_.catalogue.find(integration.plugin);
    if (!owns(id) || !next) continue;
    const auto now = running(id);
    const bool disabled = parts_.catalogue.is_disabled(integration.plugin);
    if (disabled == static_cast<bool>(now) || is_waiting(id)) {
      set_waiting(id, true);
      tasks_.spawn("resume what waited for its plugin", resume(id));
    } else if (now && now->package != next->package) {
      tasks_.spawn("upgrade", upgrade(id));
    }
  }
}

// What is to run; of an integration that has refused it, what that ran with before (HOST-4).
// Whoever has made the integration has enabled its plugin, if only on another host a moment ago.
Lifecycle::ManifestPtr Lifecycle::version_for(const Integration& integration) const {
  auto next = parts_.catalogue.find_any(integration.plugin);
  const bool may_stay = next && next->version != integration.version &&
                        refused_version(integration) == next->version &&
                        !parts_.runner.runs_inside(integration.plugin);
  if (!may_stay) return next;
  auto before = parts_.catalogue.find(integration.plugin, integration.version);
  return before ? before : next;
}

// Another one than `now` that is to run, and can take its place.
Lifecycle::ManifestPtr Lifecycle::waiting_version(const Integration& integration,
                                                  const ManifestPtr& now) const {
  const auto next = parts_.catalogue.find(integration.plugin);
  const bool waits = next && now && next->package != now->package &&
                     !parts_.catalogue.is_disabled(integration.plugin) &&
                     !parts_.runner.runs_inside(integration.plugin);
  return waits ? next : nullptr;
}

asio::awaitable<void> Lifecycle::upgrade(Id id) {
  {
    const std::lock_guard lock(mutex_);
    if (!upgrading_.insert(id).second) co_return;  // it looks at what is wanted each time it tries
  }
  const std::shared_ptr<void> done(nullptr, [this, id](void*) {
    const std::lock_guard lock(mutex_);
    upgrading_.erase(id);
  });
  for (int tries = 1;; ++tries) {
    std::optional<Error> refused;
    try {
      refused = co_await try_upgrade(id);
    } catch (const Error& error) {
      refused = error;
      parts_.logger.warn("an upgrade is tried again",
                         {{"integration", to_string_id(id)}, {"error", error.what()}});
    }
    if (!refused || !may_pass(refused->code())) co_return;
    co_await parts_.clock.sleep(back_off(kFirstRepeat, kLongestRepeat, tries));
  }
}

asio::awaitable<std::optional<Error>> Lifecycle::try_upgrade(Id id) {
  const auto turn = co_await upgrade_turns_.lock(static_cast<Id>(cluster::partition_of(id)) % kAtOnce);
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  const auto next = parts_.catalogue.find(integration.plugin);
  const auto now = running(id);
  const bool wanted = owns(id) && plugin::is_connected(integration.state) && next && now &&
                      now->package != next->package && !parts_.catalogue.is_disabled(integration.plugin);
  if (!wanted) co_return std::nullopt;
  if (parts_.runner.runs_inside(integration.plugin)) {
    co_await note(integration, next->version, Text("lifecycle.upgrade_at_start"));
    co_return std::nullopt;
  }
  parts_.logger.info("plugin is being replaced", {{"integration", to_string_id(id)},
                                                  {"plugin", integration.plugin},
                                                  {"from", now->version},
                                                  {"to", next->version}});
  std::optional<Error> refused;
  try {
    co_await upgrade_with("", integration, next);
  } catch (const Error& error) {
    refused = error;
  }
  if (refused && refused->code() != Code::cancelled) {
    parts_.logger.warn(
        "the plugin is not replaced",
        {{"integration", to_string_id(id)}, {"to", next->version}, {"error", refused->what()}});
    co_await note(integration, next->version, refused->text());
  }
  co_return refused;
}

// From the trial that has taken the settings on.
asio::awaitable<void> Lifecycle::change_version(Move move, ManifestPtr now, ManifestPtr next) {
  const auto id = move.before.id;
  // The check needs those that are new.
  if (!move.given.empty()) co_await store_settings(move.before, move.replaced, move.given);
  std::exception_ptr failed;
  bool touched = false;
  bool stored = false;
  try {
    co_await check_trial(move, next);
    touched = true;
    co_await stop_listening(id);
    move.old = co_await checkpoints_of(id);
    move.moved = co_await migrated_checkpoints(move.before, next, move.old);
    stored = true;
    co_await store_version(move);
    co_await serve(move.after, next);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  if (failed) {
    if (!move.given.empty()) co_await store_settings(move.before, move.given, move.replaced);
    if (stored) co_await put_back(move.before, move.old);
    if (touched) co_await bring_back_with(move.before, now);
    std::rethrow_exception(failed);
  }
  auto after = std::move(move.after);
  if (after.state != State::sign_in_again) listen(after, next);
  // Its routes may have other addresses now.
  tasks_.spawn("register moved addresses", register_moved(id));
  // It was quarantined or degraded for what the old version did.
  if (after.state != State::active && after.state != State::sign_in_again) {
    after.state = State::active;
    after.reason_code.clear();
    after.reason_text.clear();
    co_await save_state(after);
  }
}

// To the version that waits; with settings that what runs does not take, if `patch` is not empty (SETUP-5).
asio::awaitable<void> Lifecycle::upgrade_with(std::string patch, Integration integration, ManifestPtr next) {
  const auto id = integration.id;
  const auto now = running(id);
  std::exception_ptr refused;
  try {
    co_await start_trial(integration, next);
    auto kept = co_await secrets_of(id);
    auto move = co_await migrated(integration, next, std::move(patch), std::move(kept));
    co_await change_version(std::move(move), now, next);
  } catch (const Error&) {
    refused = std::current_exception();
  }
  co_await parts_.runner.halt(trial_of(id));
  if (refused) std::rethrow_exception(refused);
}

// Until the store has taken it: half changed it would neither be the old nor the new.
asio::awaitable<void> Lifecycle::put_back(Integration before, jobs::Checkpoints old) {
  for (bool stored = false; !stored;) {
    try {
      auto work = [this, before, old](store::Session& session) {
        table_.set_settings(session, before);
        table_.set_notice(session, before.id, before.notice);
        table_.touch(session, before.id, parts_.peers.me());
        jobs::write_checkpoints(session, before.id, old);
      };
      co_await parts_.store.write(std::move(work));
      stored = true;
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      parts_.logger.warn("what an upgrade changed cannot be taken back yet",
                         {{"integration", to_string_id(before.id)}, {"error", error.what()}});
    }
    if (!stored) co_await parts_.clock.sleep(kStoreAway);
  }
}

// The old version works on as it did.
asio::awaitable<void> Lifecycle::bring_back_with(Integration integration, ManifestPtr manifest) {
  try {
    co_await serve(integration, manifest);
  } catch (const Error& error) {
    // The supervisor goes on trying.
    parts_.logger.error("the version before does not come up again",
                        {{"integration", to_string_id(integration.id)}, {"error", error.what()}});
  }
  if (integration.state == State::active || integration.state == State::degraded)
    listen(integration, manifest);
}

// Settings and checkpoints of another shape, for what is not running: at a start, or when it is connected.
asio::awaitable<Integration> Lifecycle::adapted(Integration before, ManifestPtr manifest) {
  if (before.version != manifest->version) before.notice.clear();
  if (before.setup_version == manifest->setup_version) {
    before.version = manifest->version;  // stored with the state
    co_await generate_secrets(before, manifest);
    co_return before;
  }
  auto kept = co_await secrets_of(before.id);
  auto move = co_await moved(std::move(before), manifest, "", std::move(kept));
  co_await store_version(move);
  co_return std::move(move.after);
}

// What the version declares to be made by us and is not there yet, in one transaction with the version.
asio::awaitable<void> Lifecycle::generate_secrets(Integration integration, ManifestPtr manifest) {
  auto look = [this, id = integration.id](store::Session& session) {
    return parts_.vault.names(session, "integration", id);
  };
  const auto names = co_await parts_.store.read(std::move(look));
  SecretValues made;
  for (const auto& name : names) made[name];
  plugin::generate_missing(manifest->secrets, made);
  for (const auto& name : names) made.erase(name);
  if (made.empty()) co_return;
  redact({}, made);
  auto work = [this, integration, made](store::Session& session) {
    table_.set_settings(session, integration);
    table_.touch(session, integration.id, parts_.peers.me());
    for (const auto& [name, value] : made)
      parts_.vault.put(session, vault::SecretName("integration", integration.id, name), value);
  };
  co_await parts_.store.write(std::move(work));
}

// Of what does not run, or stays in its version; nothing is stored.
asio::awaitable<Lifecycle::Move> Lifecycle::moved(Integration before, ManifestPtr next, std::string patch,
                                                  SecretValues kept) {
  const auto id = before.id;
  if (before.setup_version == next->setup_version)
    co_return co_await migrated(std::move(before), next, std::move(patch), std::move(kept));
  std::optional<Move> move;
  std::exception_ptr failed;
  try {
    co_await start_trial(before, next);
    move = co_await migrated(before, next, std::move(patch), std::move(kept));
    move->old = co_await checkpoints_of(id);
    move->moved = co_await migrated_checkpoints(std::move(before), next, move->old);
  } catch (const Error&) {
    failed = std::current_exception();
  }
  co_await parts_.runner.halt(trial_of(id));
  if (failed) std::rethrow_exception(failed);
  co_return std::move(*move);
}

// A process that has said hello and is not configured yet.
asio::awaitable<void> Lifecycle::start_trial(Integration integration, ManifestPtr next) {
  RunSpec spec;
  spec.integration = integration.id;
  spec.trial = true;
  spec.manifest = next;
  spec.settings = integration.settings;
  auto read = [this, integration](store::Session& session) {
    return read_shared(session, parts_.vault, integration);
  };
  const auto shared = co_await parts_.store.read(std::move(read));
  add_shared(shared, spec);
  co_await parts_.runner.run(std::move(spec));
}

asio::awaitable<void> Lifecycle::check_trial(Move move, ManifestPtr next) {
  const auto& after = move.after;
  const auto trial = trial_of(after.id);
  // The settings say where it may reach to.
  if (after.settings != move.before.settings) co_await start_trial(after, next);
  auto spec = co_await spec_of(after, next, false);
  port::Call configure("pb.lifecycle/1:configure", port::Message(spec.configure), Trace::make().traceparent(),
                       kConfigureLimit);
  const auto configured = co_await parts_.caller.call(trial, std::move(configure));
  if (!configured.ok()) throw error_of(*next, configured);
  const auto report = co_await ask_check(trial, next);
  if (!report.ok) {
    Error error(Code::invalid, Text("lifecycle.check_failed", {{"name", after.name}}));
    for (const auto& diagnostic : report.diagnostics) error.add(diagnostic);
    throw error;
  }
  if (!after.identity.empty() && after.identity != report.identity)
    throw Error(Code::invalid,
                Text("lifecycle.other_identity", {{"old", after.identity}, {"new", report.identity}}));
}

asio::awaitable<std::string> Lifecycle::ask_migrate(Id id, ManifestPtr next, const char* what, int from,
                                                    std::string value) {
  json request = {{"what", what}, {"from_version", from}};
  request["value"] = json::parse(value);
  port::Call call("pb.lifecycle/1:migrate", port::Message(request.dump()), Trace::make().traceparent(),
                  kMigrateLimit);
  const auto result = co_await parts_.caller.call(trial_of(id), std::move(call));
  if (result.code == Code::unsupported) co_return value;
  if (!result.ok()) throw needs_attention(error_of(*next, result), *next);
  const auto answer = json::parse(result.message.json, nullptr, false);
  if (!answer.is_object() || !answer.contains("value"))
    throw Error(Code::invalid, Text("lifecycle.no_migration", {{"version", next->version}}));
  co_return answer.at("value").dump(-1, ' ', false, json::error_handler_t::replace);
}

// As `next` wants it, with `patch` (empty: none) laid over it. Nothing is dropped: what it cannot take is
// told, and the settings stay as they are.
asio::awaitable<Lifecycle::Move> Lifecycle::migrated(Integration before, ManifestPtr next, std::string patch,
                                                     SecretValues kept) {
  const int from = before.setup_version;
  Move move(before, before);
  move.after.version = next->version;
  move.after.setup_version = next->setup_version;
  if (from > next->setup_version) {
    const auto copy = co_await way_back(before.id, next);
    move.after.settings = copy.settings;
  } else if (from < next->setup_version) {
    move.after.settings = co_await ask_migrate(before.id, next, "settings", from, before.settings);
  }
  if (patch.empty() && from >= next->setup_version) {
    auto all = kept;
    plugin::generate_missing(next->secrets, all);
    for (const auto& [name, value] : kept) all.erase(name);
    move.given = std::move(all);
    co_return move;
  }
  const auto form = plugin::setup_form(*next);
  const auto unpatched = move.after.settings;
  const auto whole = patch.empty() ? unpatched : plugin::merge_settings(unpatched, patch);
  try {
    auto split = plugin::split_settings(form, whole, kept, before.state == State::draft);
    if (!patch.empty()) plugin::require_secrets_for_new_hosts(form, unpatched, split.settings, patch, kept);
    move.after.settings = split.settings;
    auto all = kept;
    for (auto& [name, value] : split.secrets) all[name] = std::move(value);
    plugin::generate_missing(next->secrets, all);
    for (auto& [name, value] : all) {
      const auto known = kept.find(name);
      if (known != kept.end() && known->second == value) continue;
      if (known != kept.end()) move.replaced.insert(*known);
      move.given.emplace(name, std::move(value));
    }
  } catch (const Error& error) {
    if (from == next->setup_version) throw;
    throw needs_attention(error, *next);
  }
  co_return move;
}

asio::awaitable<jobs::Checkpoints> Lifecycle::migrated_checkpoints(Integration before, ManifestPtr next,
                                                                   jobs::Checkpoints old) {
  if (before.setup_version == next->setup_version) co_return old;
  jobs::Checkpoints moved;
  if (before.setup_version > next->setup_version) {
    const auto copy = co_await way_back(before.id, next);
    const auto kept = json::parse(copy.checkpoints);
    for (const auto& [job, checkpoint] : kept.items()) moved[job] = checkpoint.dump();
    co_return moved;
  }
  for (const auto& [job, checkpoint] : old) {
    json value = {{"job", job}};
    value["checkpoint"] = json::parse(checkpoint);
    const auto answer =
        co_await ask_migrate(before.id, next, "checkpoint", before.setup_version, value.dump());
    const auto moved_value = json::parse(answer);
    if (!moved_value.is_object() || !moved_value.contains("checkpoint"))
      throw Error(Code::invalid, Text("lifecycle.no_migration", {{"version", next->version}}));
    moved[job] = moved_value.at("checkpoint").dump();
  }
  co_return moved;
}

// Only where an administrator chose it: a host that has not been updated yet takes nothing back.
asio::awaitable<plugin::Copy> Lifecycle::way_back(Id id, ManifestPtr next) {
  auto find = [this, id](store::Session& session) { return table_.copy_of(session, id); };
  const auto copy = co_await parts_.store.read(std::move(find));
  const bool fits = copy && copy->setup_version == next->setup_version;
  if (!parts_.catalogue.is_chosen(*next))
    throw Error(Code::unavailable, Text("lifecycle.older_plugin", {{"version", next->version}}));
  if (!fits) throw Error(Code::invalid, Text("lifecycle.no_way_back", {{"version", next->version}}));
  co_return *copy;
}

asio::awaitable<jobs::Checkpoints> Lifecycle::checkpoints_of(Id id) {
  auto read = [id](store::Session& session) { return jobs::read_checkpoints(session, id); };
  co_return co_await parts_.store.read(std::move(read));
}

asio::awaitable<void> Lifecycle::store_version(Move move) {
  move.after.updated_at = parts_.clock.now().time_since_epoch().count();
  redact(move.replaced, move.given);
  auto work = [this, move = std::move(move)](store::Session& session) {
    write_version(session, move);
    table_.set_settings(session, move.after);
    table_.touch(session, move.after.id, parts_.peers.me());
    for (const auto& [name, value] : move.given)
      parts_.vault.put(session, vault::SecretName("integration", move.after.id, name), value);
  };
  co_await parts_.store.write(std::move(work));
}

// What a move changes beside settings and secrets.
void Lifecycle::write_version(store::Session& session, const Move& move) const {
  const auto& before = move.before;
  json kept = json::object();
  for (const auto& [job, checkpoint] : move.old) kept[job] = json::parse(checkpoint);
  plugin::Copy copy;
  copy.integration = before.id;
  copy.version = before.version;
  copy.setup_version = before.setup_version;
  copy.settings = before.settings;
  copy.checkpoints = kept.dump();
  table_.set_notice(session, before.id, "");
  if (!move.is_of_other_shape()) return;
  table_.keep_copy(session, copy, parts_.clock.now().time_since_epoch().count());
  jobs::write_checkpoints(session, before.id, move.moved);
}

asio::awaitable<void> Lifecycle::note(const Integration& integration, const std::string& version,
                                      const Text& text) {
  const json notice = {{"code", "upgrade_refused"}, {"version", version}, {"text", text.kept()}};
  auto work = [this, id = integration.id,
               words = notice.dump(-1, ' ', false, json::error_handler_t::replace)](store::Session& session) {
    table_.set_notice(session, id, words);
  };
  co_await parts_.store.write(std::move(work));
}

}  // namespace patchbay::lifecycle
