#include "lifecycle/lifecycle.hpp"

#include <nlohmann/json.hpp>

#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/impl/shared.hpp"
#include "plugin/settings.hpp"
#include "plugin/verifier_secrets.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
using nlohmann::json;
using plugin::Integration;
using plugin::State;

namespace {

constexpr const char* kScope = "integration";

std::int64_t now_ms(const Clock& clock) {
  return clock.now().time_since_epoch().count();
}

std::string error_words(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

// What a change did, for the audit log (ACC-5): old and new values, and only the names of secrets.
std::string difference(const Integration& before, const Integration& after,
                       const std::map<std::string, std::string>& had,
                       const std::map<std::string, std::string>& has) {
  const auto shown = [](const Integration& integration) {
    auto all = json::parse(integration.settings, nullptr, false);
    if (!all.is_object()) all = json::object();
    return json{{"name", integration.name},
                {"profile", integration.profile ? json(to_string_id(*integration.profile)) : json()},
                {"version", integration.version},
                {"settings", std::move(all)}};
  };
  auto out = json::object();
  const auto old_values = shown(before);
  const auto new_values = shown(after);
  const auto note = [&](const std::string& key, const json& was, const json& is) {
    if (was == is) return;
    out["old"][key] = was;
    out["new"][key] = is;
  };
  for (const auto* key : {"name", "profile", "version"}) note(key, old_values.at(key), new_values.at(key));
  const auto& was = old_values.at("settings");
  const auto& is = new_values.at("settings");
  for (const auto& [key, value] : was.items()) note(key, value, is.value(key, json()));
  for (const auto& [key, value] : is.items()) {
    if (!was.contains(key)) note(key, json(), value);
  }
  for (const auto& [name, value] : has) {
    const auto found = had.find(name);
    if (found == had.end() || found->second != value) out["secrets"].push_back(name);
  }
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Text unknown_plugin(const std::string& id) {
  return Text("plugin.unknown", {{"plugin", id}});
}

}  // namespace

Lifecycle::Lifecycle(Parts parts)
    : parts_(std::move(parts)),
      locks_(parts_.executor),
      secret_locks_(parts_.executor),
      upgrade_turns_(parts_.executor),
      former_secrets_(parts_.executor, parts_.clock, parts_.redactor, parts_.logger,
                      [this](Id id) { return refresh_routes(id); }),
      tasks_(parts_.executor, [this](const std::string& name, std::exception_ptr e) {
        parts_.logger.error("task failed", {{"task", name}, {"error", error_words(e)}});
      }) {}

Lifecycle::~Lifecycle() = default;

// Of what runs here, or is to run.
std::shared_ptr<const plugin::Manifest> Lifecycle::manifest_of(const Integration& integration) const {
  auto manifest = running(integration.id);
  if (!manifest) manifest = version_for(integration);
  if (!manifest) throw plugin_missing(integration);
  return manifest;
}

asio::awaitable<Integration> Lifecycle::load(Id id) {
  auto find = [this, id](store::Session& session) { return table_.find(session, id); };
  auto found = co_await parts_.store.read(std::move(find));
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", to_string_id(id)}}));
  co_return std::move(*found);
}

asio::awaitable<void> Lifecycle::save_state(Integration integration, std::optional<store::AuditEntry> audit) {
  integration.updated_at = now_ms(parts_.clock);
  parts_.logger.info("integration changed", {{"integration", to_string_id(integration.id)},
                                             {"state", std::string(plugin::state_name(integration.state))},
                                             {"reason", Text::from_kept(integration.reason_text).english()}});
  plugin::Happening change;
  change.id = parts_.ids.next();
  change.integration = integration.id;
  change.at = integration.updated_at;
  change.what = "integration";
  change.state = plugin::state_name(integration.state);
  change.code = integration.reason_code;
  change.reason = integration.reason_text;
  change.version = integration.version;
  change.host = parts_.host_name;
  auto work = [this, integration, change = std::move(change),
               audit = std::move(audit)](store::Session& session) {
    const bool needs_people =
        integration.state == State::sign_in_again || integration.state == State::quarantined;
    if (parts_.troubled && needs_people) {
      const auto before = table_.find(session, integration.id);
      if (before && before->state != integration.state) parts_.troubled(session, integration);
    }
    table_.set_state(session, integration);
    history_.add(session, {change});
    if (audit) store::write_audit(session, *audit);
    table_.touch(session, integration.id, parts_.peers.me());
    if (!plugin::is_connected(integration.state)) table_.release(session, integration.id);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<Lifecycle::Secrets> Lifecycle::read_secrets(Id id) {
  auto work = [this, id](store::Session& session) {
    Secrets out;
    for (const auto& name : parts_.vault.names(session, kScope, id)) {
      try {
        if (auto value = parts_.vault.get(session, vault::SecretName(kScope, id, name)))
          out.values.emplace(name, std::move(*value));
      } catch (const Error& error) {
        if (error.code() != Code::internal) throw;
        out.damaged = error;
      }
    }
    out.formers = parts_.vault.formers(session, kScope, id);
    return out;
  };
  co_return co_await parts_.store.read(std::move(work));
}

asio::awaitable<Lifecycle::SecretValues> Lifecycle::secrets_of(Id id) {
  auto secrets = co_await read_secrets(id);
  if (secrets.damaged) throw Error(*secrets.damaged);
  co_return std::move(secrets.values);
}

void Lifecycle::redact(const SecretValues& before, const SecretValues& after) {
  std::set<std::string> values;
  for (const auto& [name, value] : after) values.insert(value);
  for (const auto& [name, value] : before) {
    if (!values.contains(value)) parts_.redactor.remove(value);
  }
  for (const auto& [name, value] : before) values.erase(value);
  for (const auto& value : values) parts_.redactor.add(value);
}

store::AuditEntry Lifecycle::entry(Id id, store::Actor who, const char* action, const std::string& detail) {
  return store::AuditEntry(parts_.ids.next(), now_ms(parts_.clock), std::move(who), action,
                           "integration:" + to_string_id(id), detail);
}

asio::awaitable<void> Lifecycle::store_settings(Integration integration, SecretValues before,
                                                SecretValues after,
                                                std::optional<std::vector<plugin::UsedGrant>> grants,
                                                std::shared_ptr<const Move> move,
                                                std::optional<vault::Vault::Formers> formers,
                                                std::optional<store::AuditEntry> audit) {
  redact(before, after);
  // A provider changes over where it delivers only.
  const auto manifest = plugin::is_connected(integration.state) ? version_for(integration) : nullptr;
  integration.updated_at = now_ms(parts_.clock);
  auto work = [this, integration, before = std::move(before), after = std::move(after),
               grants = std::move(grants), move, manifest, formers = std::move(formers),
               audit = std::move(audit)](store::Session& session) {
    if (move) write_version(session, *move);
    table_.set_settings(session, integration);
    if (grants) plugin::set_grants(session, integration.id, *grants);
    table_.touch(session, integration.id, parts_.peers.me());
    for (const auto& [name, value] : before) {
      if (!after.contains(name))
        parts_.vault.remove(session, vault::SecretName(kScope, integration.id, name));
    }
    for (const auto& [name, value] : after) {
      const vault::SecretName secret(kScope, integration.id, name);
      if (manifest && !formers)
        plugin::store_secret(session, parts_.vault, *manifest, secret, value, parts_.clock.now());
      else
        parts_.vault.put(session, secret, value);
    }
    if (formers) parts_.vault.set_formers(session, kScope, integration.id, *formers);
    if (audit) store::write_audit(session, *audit);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<Integration> Lifecycle::create(NewIntegration wanted) {
  const auto manifest = parts_.catalogue.find_any(wanted.plugin);
  if (!manifest) {
    const auto near = parts_.catalogue.nearest(wanted.plugin);
    Text remedy = near.empty() ? Text() : Text("schema.did_you_mean", {{"key", near}});
    throw Error(Code::invalid, unknown_plugin(wanted.plugin))
        .add(Diagnostic("/plugin", unknown_plugin(wanted.plugin), std::move(remedy)));
  }
  auto split = plugin::split_settings(plugin::setup_form(*manifest), wanted.settings, {}, wanted.draft);
  plugin::generate_missing(manifest->secrets, split.secrets);
  Integration integration;
  integration.id = parts_.ids.next();
  integration.plugin = manifest->id;
  integration.version = manifest->version;
  integration.setup_version = manifest->setup_version;
  integration.name = wanted.name.empty() ? manifest->title : wanted.name;
  integration.settings = split.settings;
  integration.state = wanted.draft ? State::draft : State::inactive;
  integration.owner = wanted.owner;
  integration.profile = wanted.profile;
  integration.declared = wanted.declared;
  integration.created_at = integration.updated_at = now_ms(parts_.clock);
  for (const auto& [name, value] : split.secrets) parts_.redactor.add(value);
  const json made = {{"new", {{"plugin", integration.plugin}, {"name", integration.name}}}};
  auto work = [this, integration, manifest, grants = std::move(wanted.grants), who = wanted.who,
               audit = entry(integration.id, wanted.who, "integration.create", made.dump()),
               secrets = std::move(split.secrets)](store::Session& session) mutable {
    plugin::enable(session, manifest->id, who, parts_.ids.next(), integration.created_at);
    require_shared(session, parts_.vault, *manifest, integration.state == State::draft, grants,
                   integration.profile);
    table_.insert(session, integration);
    store::write_audit(session, audit);
    plugin::set_grants(session, integration.id, grants);
    for (const auto& [name, value] : secrets) {
      parts_.vault.put(session, vault::SecretName(kScope, integration.id, name), value);
    }
    return integration;
  };
  const bool is_new = !parts_.catalogue.find(integration.plugin);
  integration = co_await parts_.store.write(std::move(work));
  if (is_new && parts_.enabled) co_await parts_.enabled();
  co_return integration;
}

asio::awaitable<Integration> Lifecycle::change(Id id, Change change, store::Actor who) {
  const auto held = co_await hold(id);
  const auto before = co_await load(id);
  auto integration = before;
  if (change.name) integration.name = *change.name;
  if (change.profile) integration.profile = change.profile;
  // One that cannot be read is as good as none: it must be given anew, which repairs it.
  const auto read = co_await read_secrets(id);
  auto secrets = read.values;
  const bool is_draft = before.state == State::draft;
  // What runs says what may be set; what does not is taken to the present shape first.
  const auto present = running(id);
  auto manifest = present ? present : change.concerns_plugin() ? manifest_of(integration) : nullptr;
  const auto waiting = waiting_version(integration, manifest);
  if (before.declared && !change.by_declaration && (change.concerns_plugin() || change.name)) {
    const bool fills_in = change.settings && !change.name && !change.profile && !change.grants &&
                          plugin::is_secrets_only(plugin::setup_form(*manifest), *change.settings);
    if (!fills_in)
      throw Error(Code::conflict, Text("lifecycle.declared_elsewhere", {{"name", *before.declared}}));
  }
  std::shared_ptr<Move> move;
  if (change.settings) {
    bool is_taken = true;
    try {
      auto taken = co_await moved(integration, manifest, *change.settings, read.values);
      move = std::make_shared<Move>(std::move(taken));
    } catch (const Error& error) {
      is_taken = false;
      if (!waiting || error.code() != Code::invalid) throw;
    }
    if (!is_taken && !present) {
      auto taken = co_await moved(integration, waiting, *change.settings, read.values);
      move = std::make_shared<Move>(std::move(taken));
    }
    if (!is_taken) manifest = waiting;
  }
  const bool upgrades = change.settings && !move;
  if (change.profile && before.profile && change.profile != before.profile)
    plugin::require_secrets_for_new_profile(*manifest, read.values, change.settings.value_or("{}"));
  auto look = [this, id, &change, &integration, manifest, is_draft](store::Session& session) {
    auto used = plugin::used_grants(session, id);
    const bool shares = change.profile || change.grants;
    if (shares)
      require_shared(session, parts_.vault, *manifest, is_draft, change.grants.value_or(used),
                     integration.profile);
    return used;
  };
  const auto grants_before = co_await parts_.store.read(std::move(look));
  if (move) {
    integration = move->after;
    for (const auto& [name, value] : move->given) secrets[name] = value;
    if (integration.version == before.version && !move->is_of_other_shape()) move.reset();
  }
  std::optional<vault::Vault::Formers> formers;
  if (change.end_formers) formers.emplace();
  auto audit = entry(id, who, "integration.change", difference(before, integration, read.values, secrets));
  co_await store_settings(integration, read.values, secrets, change.grants, move, std::move(formers),
                          std::move(audit));
  if (!plugin::is_connected(integration.state)) co_return integration;
  if (!change.concerns_plugin()) {
    if (change.end_formers) co_await secrets_changed(id);
    co_return integration;
  }
  std::exception_ptr refused;
  try {
    if (upgrades)
      co_await upgrade_with(*change.settings, integration, manifest);
    else
      co_await connect(integration, false);
  } catch (const Error& error) {
    refused = upgrades ? std::make_exception_ptr(as_refusal(error)) : std::current_exception();
  }
  if (!refused && upgrades) co_return co_await load(id);
  if (!refused) co_return integration;
  auto taken_back = entry(id, who, "integration.change_refused");
  co_await store_settings(before, secrets, read.values, grants_before, nullptr, read.formers,
                          std::move(taken_back));
  if (move && move->is_of_other_shape()) {
    co_await put_back(before, move->old);
    co_await halt(id);
  }
  const bool untouched = upgrades && !change.profile && !change.grants;
  if (!untouched) co_await reconnect(before);
  std::rethrow_exception(refused);
}

// What worked before a change that was refused works on.
asio::awaitable<void> Lifecycle::reconnect(Integration integration) {
  if (!integration.identity.empty()) co_await claim(integration);
  co_await bring_back(std::move(integration));
}

}  // namespace patchbay::lifecycle
