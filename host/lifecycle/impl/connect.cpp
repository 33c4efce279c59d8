#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/trace.hpp"
#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/impl/shared.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/settings.hpp"
#include "store/audit.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using plugin::Integration;
using plugin::State;

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr Duration kCheckLimit = 20s;
constexpr Duration kRegisterLimit = 20s;
constexpr Duration kUnregisterLimit = 5s;
constexpr Duration kFirstRepeat = 1s;
constexpr Duration kLongestRepeat = 60s;
constexpr const char* kScope = "integration";
constexpr const char* kRegistration = "registration";

// What is kept of the last registration: {"state": the plugin's, "routes": the addresses that were told}.
json registered(const Integration& integration, const char* member) {
  const auto kept = json::parse(integration.remote_state, nullptr, false);
  return kept.is_object() ? kept.value(member, json()) : json();
}

bool is_https(const std::string& url) {
  return url.rfind("https://", 0) == 0;
}

// A route that the provider must reach over https needs a public address that is.
void require_https(const Integration& integration, const plugin::Manifest& manifest,
                   const std::string& site_url) {
  const auto settings = json::parse(integration.settings);
  for (const auto& route : manifest.routes) {
    if (!route.https || !plugin::holds(route.when, settings) || is_https(site_url)) continue;
    Error error(Code::invalid, Text("lifecycle.site_url_not_https", {{"site_url", site_url}}));
    error.add(Diagnostic(route.when ? route.when->pointer : "",
                         Text("lifecycle.site_url_not_https", {{"site_url", site_url}}),
                         Text("lifecycle.site_url_remedy")));
    throw error;
  }
}

// CHAT-25
void require_settings(const plugin::Manifest& manifest,
                      const std::function<bool(const std::string&)>& has_setting) {
  Error error(Code::invalid, Text("lifecycle.settings_missing", {{"plugin", manifest.title}}));
  for (const auto& code : manifest.required_settings) {
    if (!has_setting || has_setting(code)) continue;
    error.add(Diagnostic("", Text("lifecycle.setting_missing", {{"code", code}}),
                         Text("lifecycle.setting_remedy", {{"code", code}})));
  }
  if (!error.diagnostics().empty()) throw error;
}

// Anybody can send to a route that verifies nothing (HOOK-6).
void require_consent(const Integration& integration, const plugin::Manifest& manifest) {
  if (integration.consent_at) return;
  const auto settings = json::parse(integration.settings);
  for (const auto& route : manifest.routes) {
    if (!route.is_open || !plugin::holds(route.when, settings)) continue;
    const Text words("lifecycle.route_open", {{"route", route.id}});
    Error error(Code::invalid, words);
    error.add(Diagnostic(route.when ? route.when->pointer : "", words, Text("lifecycle.route_open_remedy")));
    throw error;
  }
}

Error other_identity(const std::string& mine, const std::string& other) {
  const Text words("lifecycle.other_identity", {{"old", mine}, {"new", other}});
  Error error(Code::invalid, words);
  error.add(Diagnostic("", words, Text("lifecycle.other_identity_remedy", {{"old", mine}, {"new", other}})));
  return error;
}

}  // namespace

bool Lifecycle::offers(const plugin::Manifest& manifest, std::string_view extension) const {
  return std::find(manifest.offers.begin(), manifest.offers.end(), extension) != manifest.offers.end();
}

std::map<std::string, std::string> Lifecycle::addresses(const Integration& integration,
                                                        const plugin::Manifest& manifest) const {
  std::map<std::string, std::string> out;
  const auto settings = json::parse(integration.settings);
  for (const auto& route : manifest.routes) {
    if (route.of_profile && integration.profile)
      out[route.id] = parts_.routes.profile_address(manifest.id, *integration.profile, route.id);
    else if (!route.of_profile && plugin::holds(route.when, settings))
      out[route.id] = parts_.routes.address(manifest.id, integration.id, route.id);
  }
  return out;
}

hooks::Mount Lifecycle::mount_of(const Integration& integration, const plugin::Manifest& manifest,
                                 RouteSecrets secrets) const {
  hooks::Mount mount(integration.id, integration.plugin, lookup_in(std::move(secrets)));
  mount.consent = integration.consent_at.has_value();
  mount.settings = integration.settings;
  const auto settings = json::parse(integration.settings);
  for (const auto& route : manifest.routes) {
    if (!route.of_profile) mount.add(route, plugin::holds(route.when, settings));
  }
  return mount;
}

asio::awaitable<void> Lifecycle::refresh_routes(Id id) {
  const auto held = co_await secret_locks_.lock(id);
  auto secrets = co_await read_secrets(id);
  auto integration = co_await load(id);
  auto all = co_await route_secrets(std::move(integration), std::move(secrets.values));
  parts_.routes.refresh(id, lookup_in(std::move(all)));
}

// Not under the integration's own lock: the plugin may store a secret while it is being connected.
asio::awaitable<void> Lifecycle::secrets_changed(Id id) {
  co_await refresh_routes(id);
  auto tell = [this, id](store::Session& session) { table_.touch(session, id, parts_.peers.me()); };
  co_await parts_.store.write(std::move(tell));
  co_await parts_.peers.settle();
}

asio::awaitable<RunSpec> Lifecycle::spec_of(Integration integration,
                                            std::shared_ptr<const plugin::Manifest> manifest, bool started) {
  auto read = [this, integration](store::Session& session) {
    return std::pair(parts_.vault.names(session, kScope, integration.id),
                     read_shared(session, parts_.vault, integration));
  };
  auto [secrets, shared] = co_await parts_.store.read(std::move(read));
  if (parts_.system_settings) shared.system_settings = parts_.system_settings(*manifest);
  RunSpec spec;
  spec.integration = integration.id;
  spec.manifest = manifest;
  spec.settings = integration.settings;
  spec.configure = configure_request(integration, secrets, shared, addresses(integration, *manifest), parts_);
  add_shared(shared, spec);
  spec.started = started;
  co_return spec;
}

namespace {

port::Call check_call() {
  return port::Call("pb.lifecycle/1:check", port::Message("{}"), Trace::make().traceparent(), kCheckLimit);
}

}  // namespace

asio::awaitable<CheckReport> Lifecycle::ask_check(Id id, std::shared_ptr<const plugin::Manifest> manifest) {
  auto call = check_call();
  const auto result = co_await parts_.caller.call(id, std::move(call));
  co_return read_check(*manifest, result);
}

asio::awaitable<CheckReport> Lifecycle::check(Id id) {
  const auto held = co_await hold(id);
  const auto integration = co_await load(id);
  const auto manifest = manifest_of(integration);
  if (parts_.catalogue.is_disabled(manifest->id))
    throw Error(Code::invalid, Text("plugin.disabled", {{"plugin", manifest->id}}));
  CheckReport report;
  try {
    require_settings(*manifest, parts_.has_setting);
    require_https(integration, *manifest, parts_.site_url.get());
    if (integration.state == State::draft) {
      const auto secrets = co_await secrets_of(id);
      plugin::split_settings(plugin::setup_form(*manifest), integration.settings, secrets);
    }
    auto call = check_call();
    const auto result = co_await ask(integration, manifest, std::move(call));
    report = read_check(*manifest, result);
  } catch (const Error& error) {
    report.diagnostics = error.diagnostics();
    if (report.diagnostics.empty()) report.diagnostics.emplace_back("", error.text());
  }
  if (!report.ok || report.identity.empty()) co_return report;
  auto find = [this, &integration, identity = report.identity](store::Session& session) {
    return table_.holder(session, integration.plugin, identity);
  };
  const auto holder = co_await parts_.store.read(std::move(find));
  if (holder && holder->id != id) {
    report.ok = false;
    Text taken("lifecycle.identity_taken", {{"identity", report.identity}, {"name", holder->name}});
    report.diagnostics.emplace_back("", std::move(taken), Text("lifecycle.identity_taken_remedy"));
  }
  co_return report;
}

asio::awaitable<void> Lifecycle::claim(Integration integration) {
  auto work = [this, integration](store::Session& session) {
    if (!table_.claim(session, integration))
      return table_.holder(session, integration.plugin, integration.identity);
    table_.touch(session, integration.id, parts_.peers.me());
    return std::optional<Integration>();
  };
  const auto holder = co_await parts_.store.write(std::move(work));
  if (!holder) co_return;
  throw Error(Code::conflict,
              Text("lifecycle.identity_taken", {{"identity", integration.identity}, {"name", holder->name}}));
}

asio::awaitable<void> Lifecycle::register_remote(Integration& integration, bool take_over) {
  const auto manifest = manifest_of(integration);
  if (!offers(*manifest, "pb.remote/1")) co_return;
  const json request = {{"routes", addresses(integration, *manifest)},
                        {"state", registered(integration, "state")},
                        {"take_over", take_over}};
  port::Call call("pb.remote/1:register", port::Message(request.dump()), Trace::make().traceparent(),
                  kRegisterLimit);
  const auto result = co_await parts_.caller.call(integration.id, std::move(call));
  const auto answer = json::parse(result.message.json, nullptr, false);
  if (result.code == Code::conflict && answer.is_object() && answer.contains("foreign")) {
    Text foreign(
        "lifecycle.foreign",
        {{"address", answer.at("foreign").is_string() ? answer.at("foreign").get<std::string>() : "-"}});
    throw Error(Code::invalid, foreign).add(Diagnostic("", foreign, Text("lifecycle.foreign_remedy")));
  }
  if (!result.ok()) throw error_of(*manifest, result);
  const auto state = answer.is_object() ? answer.value("state", json()) : json();
  const auto expires_at = answer.is_object() ? answer.value("expires_at", json()) : json();
  integration.remote_state = json({{"state", state},
                                   {"routes", request.at("routes")},
                                   {"registered_at", to_rfc3339(parts_.clock.now())},
                                   {"expires_at", expires_at}})
                                 .dump();
  auto work = [this, integration](store::Session& session) { table_.set_remote(session, integration); };
  co_await parts_.store.write(std::move(work));
}

// What the provider knows is asked of the store, so a start that changes nothing costs the provider nothing.
asio::awaitable<void> Lifecycle::register_moved(Id id) {
  auto delay = kFirstRepeat;
  for (bool failed_before = false;; failed_before = true) {
    std::optional<Error> failed;
    {
      const auto held = co_await hold(id);
      auto integration = co_await load(id);
      const auto told = registered(integration, "routes");
      const bool works = integration.state == State::active || integration.state == State::degraded;
      if (!works || !told.is_object()) co_return;
      const auto manifest = manifest_of(integration);
      if (told == json(addresses(integration, *manifest))) co_return;
      try {
        co_await register_remote(integration, false);
      } catch (const Error& error) {
        failed = error;
      }
    }
    if (!failed) {
      if (failed_before) well(id, kRegistration);
      co_return;
    }
    const auto code = failed->code();
    trouble(id, kRegistration, code, failed->kept());
    const bool passes = code == Code::unavailable || code == Code::deadline || code == Code::rate_limited ||
                        code == Code::outcome_unknown;
    if (!passes) co_return;
    co_await parts_.clock.sleep(delay);
    delay = std::min(delay * 2, kLongestRepeat);
  }
}

// The routes are there before the provider hears of them (HOOK-4).
asio::awaitable<void> Lifecycle::serve(Integration integration,
                                       std::shared_ptr<const plugin::Manifest> manifest) {
  auto spec = co_await spec_of(integration, manifest, true);
  co_await open_routes(std::move(integration), std::move(manifest));
  // Wanted from now on, also when it does not come up at once.
  set_running(spec.integration, spec.manifest);
  co_await parts_.runner.run(std::move(spec));
}

asio::awaitable<void> Lifecycle::halt(Id id) {
  set_running(id, nullptr);
  co_await parts_.runner.halt(id);
}

// Whoever reads secrets for routes does so alone: none puts older ones over newer ones.
asio::awaitable<void> Lifecycle::open_routes(Integration integration,
                                             std::shared_ptr<const plugin::Manifest> manifest) {
  const auto held = co_await secret_locks_.lock(integration.id);
  auto own = co_await secrets_of(integration.id);
  auto secrets = co_await route_secrets(integration, std::move(own));
  parts_.routes.mount(mount_of(integration, *manifest, std::move(secrets)));
}

// Its own and, as "profile:name", those of its profile.
asio::awaitable<RouteSecrets> Lifecycle::route_secrets(Integration integration, SecretValues own) {
  auto read = [this, id = integration.id, profile = integration.profile,
               own = std::move(own)](store::Session& session) {
    RouteSecrets all(own);
    add_formers(session, parts_.vault, kScope, id, "", all);
    if (profile) add_profile(session, parts_.vault, *profile, all);
    return all;
  };
  auto all = co_await parts_.store.read(std::move(read));
  former_secrets_.watch(integration.id, all.former_values(), all.until);
  co_return all;
}

asio::awaitable<void> Lifecycle::serve_or_refuse(Integration integration,
                                                 std::shared_ptr<const plugin::Manifest> manifest) {
  try {
    co_await serve(std::move(integration), std::move(manifest));
  } catch (const Error& error) {
    throw as_refusal(error);
  }
}

asio::awaitable<Integration> Lifecycle::adapted_or_refuse(Integration integration,
                                                          std::shared_ptr<const plugin::Manifest> manifest) {
  try {
    co_return co_await adapted(std::move(integration), std::move(manifest));
  } catch (const Error& error) {
    throw as_refusal(error);
  }
}

asio::awaitable<void> Lifecycle::connect(Integration& integration, bool take_over,
                                         std::optional<store::AuditEntry> audit) {
  // What runs goes on in its version: another one takes over by an upgrade only.
  const auto present = running(integration.id);
  const auto manifest = present ? present : version_for(integration);
  if (!manifest) throw as_refusal(plugin_missing(integration));
  if (parts_.catalogue.is_disabled(manifest->id))
    throw as_refusal(Error(Code::unavailable, Text("plugin.disabled", {{"plugin", manifest->id}})));
  require_settings(*manifest, parts_.has_setting);
  require_https(integration, *manifest, parts_.site_url.get());
  require_consent(integration, *manifest);
  co_await stop_listening(integration.id);
  integration = co_await adapted_or_refuse(std::move(integration), manifest);
  if (integration.state == State::draft) co_await complete(integration, manifest);
  co_await serve_or_refuse(integration, manifest);
  auto report = co_await ask_check(integration.id, manifest);
  if (!report.ok) {
    Error error(Code::invalid, Text("lifecycle.check_failed", {{"name", integration.name}}));
    for (auto& diagnostic : report.diagnostics) error.add(std::move(diagnostic));
    throw error;
  }
  // What it knows of conversations, and how far it has read, are those of one account.
  if (!integration.identity.empty() && integration.identity != report.identity)
    throw other_identity(integration.identity, report.identity);
  integration.identity = report.identity;
  integration.title = report.title;
  // Nobody gave a name, so that of the plugin stood in (TG-1).
  if (integration.name == manifest->title && !report.title.empty()) integration.name = report.title;
  if (!integration.identity.empty()) co_await claim(integration);
  co_await parts_.peers.settle();
  try {
    co_await register_remote(integration, take_over);
  } catch (const Error& error) {
    if (error.text().id().starts_with("store.")) throw;  // our own fault
    throw as_refusal(error);
  }
  set_waiting(integration.id, false);
  integration.state = State::active;
  integration.reason_code.clear();
  integration.reason_text.clear();
  co_await save_state(integration, std::move(audit));
  // It was run here to be connected; its own host sees that it is and runs it.
  if (!owns(integration.id)) co_return co_await halt(integration.id);
  listen(integration, manifest);
  // What has been changed may be what it was refused for.
  if (waiting_version(integration, manifest)) tasks_.spawn("upgrade", upgrade(integration.id));
}

asio::awaitable<Integration> Lifecycle::activate(Id id, bool take_over, store::Actor who) {
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  const bool was_connected = plugin::is_connected(integration.state);
  auto audit = entry(id, std::move(who), "integration.activate");
  std::exception_ptr failure;
  try {
    co_await connect(integration, take_over, std::move(audit));
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return integration;
  if (!was_connected) {
    co_await disconnect(id);
  } else if (const auto manifest = running(id)) {
    if (owns(id))
      listen(integration, manifest);
    else
      co_await halt(id);
  }
  std::rethrow_exception(failure);
}

asio::awaitable<void> Lifecycle::consent(Id id, bool agrees, store::Actor who) {
  const auto held = co_await hold(id);
  const auto integration = co_await load(id);
  if (integration.consent_at.has_value() == agrees) co_return;
  const std::int64_t now = parts_.clock.now().time_since_epoch().count();
  auto work = [this, id, now, agrees,
               audit = entry(id, who, agrees ? "integration.consent" : "integration.withdraw_consent")](
                  store::Session& session) {
    table_.set_consent(session, id, agrees ? std::optional(now) : std::nullopt);
    table_.touch(session, id, parts_.peers.me());
    store::write_audit(session, audit);
  };
  co_await parts_.store.write(std::move(work));
  // As on every other host.
  if (plugin::is_connected(integration.state)) co_await follow_routes(id, true);
}

asio::awaitable<void> Lifecycle::disconnect(Id id) {
  set_waiting(id, false);
  co_await stop_listening(id);
  parts_.routes.unmount(id);
  former_secrets_.watch(id, {}, {});
  auto release = [this, id](store::Session& session) {
    table_.release(session, id);
    table_.touch(session, id, parts_.peers.me());
  };
  co_await parts_.store.write(std::move(release));
  co_await halt(id);
}

asio::awaitable<std::string> Lifecycle::unregister_remote(const Integration& integration) {
  const auto present = running(integration.id);
  const auto manifest = present ? present : version_for(integration);
  if (!manifest || !offers(*manifest, "pb.remote/1")) co_return std::string();
  if (!owns(integration.id)) {
    auto spec = co_await spec_of(integration, manifest, false);
    co_await parts_.runner.run(std::move(spec));
  }
  const json request = {{"state", registered(integration, "state")},
                        {"routes", addresses(integration, *manifest)}};
  port::Call call("pb.remote/1:unregister", port::Message(request.dump()), Trace::make().traceparent(),
                  kUnregisterLimit);
  const auto result = co_await parts_.caller.call(integration.id, std::move(call));
  if (result.ok()) co_return std::string();
  co_return result.text.empty() ? std::string(code_name(result.code)) : result.reason();
}

asio::awaitable<Disconnected> Lifecycle::deactivate(Id id, store::Actor who) {
  const auto held = co_await hold(id);
  auto integration = co_await load(id);
  Disconnected out;
  if (plugin::is_connected(integration.state)) {
    integration.state = State::inactive;
    integration.reason_code.clear();
    integration.reason_text.clear();
    auto audit = entry(id, std::move(who), "integration.deactivate");
    co_await save_state(integration, std::move(audit));
    co_await stop_listening(id);
    try {
      out.warning = co_await unregister_remote(integration);
    } catch (const Error& error) {
      out.warning = error.kept();
    }
    if (!out.warning.empty()) {
      parts_.logger.warn(
          "the provider could not be told",
          {{"integration", to_string_id(id)}, {"error", Text::from_kept(out.warning).english()}});
    }
  }
  // Also when it is disconnected already: what an earlier try left is taken away.
  co_await disconnect(id);
  out.integration = std::move(integration);
  co_return out;
}

}  // namespace patchbay::lifecycle
