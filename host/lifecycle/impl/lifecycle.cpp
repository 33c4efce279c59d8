#include "lifecycle/lifecycle.hpp"

#include <nlohmann/json.hpp>

#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
#include "lifecycle/impl/shared.hpp"
#include "plugin/settings.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
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

Text unknown_plugin(const std::string& id) {
  return Text("plugin.unknown", {{"plugin", id}});
}

}  // namespace

Lifecycle::Lifecycle(Parts parts)
    : parts_(std::move(parts)),
      locks_(parts_.executor),
      secret_locks_(parts_.executor),
      upgrade_turns_(parts_.executor),
      tasks_(parts_.executor, [this](const std::string& name, std::exception_ptr e) {
        parts_.logger.error("task failed", {{"task", name}, {"error", error_words(e)}});
      }) {}

Lifecycle::~Lifecycle() = default;

std::shared_ptr<const plugin::Manifest> Lifecycle::manifest_of(const Integration& integration) const {
  auto manifest = parts_.catalogue.find(integration.plugin);
  if (!manifest) throw plugin_missing(integration);
  return manifest;
}

asio::awaitable<Integration> Lifecycle::load(Id id) {
  auto find = [this, id](store::Session& session) { return table_.find(session, id); };
  auto found = co_await parts_.store.read(std::move(find));
  if (!found) throw Error(Code::not_found, Text("lifecycle.not_found", {{"id", to_string_id(id)}}));
  co_return std::move(*found);
}

asio::awaitable<void> Lifecycle::save_state(Integration integration) {
  integration.updated_at = now_ms(parts_.clock);
  parts_.logger.info("integration changed", {{"integration", to_string_id(integration.id)},
                                             {"state", std::string(plugin::state_name(integration.state))},
                                             {"reason", integration.reason_text}});
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
  auto work = [this, integration, change = std::move(change)](store::Session& session) {
    table_.set_state(session, integration);
    history_.add(session, {change});
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

asio::awaitable<void> Lifecycle::store_settings(Integration integration, SecretValues before,
                                                SecretValues after,
                                                std::optional<std::vector<plugin::UsedGrant>> grants) {
  redact(before, after);
  integration.updated_at = now_ms(parts_.clock);
  auto work = [this, integration, before = std::move(before), after = std::move(after),
               grants = std::move(grants)](store::Session& session) {
    table_.set_settings(session, integration);
    if (grants) plugin::set_grants(session, integration.id, *grants);
    table_.touch(session, integration.id, parts_.peers.me());
    for (const auto& [name, value] : before) {
      if (!after.contains(name))
        parts_.vault.remove(session, vault::SecretName(kScope, integration.id, name));
    }
    for (const auto& [name, value] : after)
      parts_.vault.put(session, vault::SecretName(kScope, integration.id, name), value);
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<Integration> Lifecycle::create(NewIntegration wanted) {
  const auto manifest = parts_.catalogue.find(wanted.plugin);
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
  auto work = [this, integration, manifest, grants = std::move(wanted.grants),
               secrets = std::move(split.secrets)](store::Session& session) mutable {
    require_shared(session, parts_.vault, *manifest, integration.state == State::draft, grants,
                   integration.profile);
    table_.insert(session, integration);
    plugin::set_grants(session, integration.id, grants);
    for (const auto& [name, value] : secrets) {
      parts_.vault.put(session, vault::SecretName(kScope, integration.id, name), value);
    }
    return integration;
  };
  co_return co_await parts_.store.write(std::move(work));
}

asio::awaitable<Integration> Lifecycle::change(Id id, Change change, std::string language) {
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
  const auto manifest = present ? present : change.concerns_plugin() ? manifest_of(integration) : nullptr;
  if (before.declared && !change.by_declaration) {
    const bool fills_in = change.settings && !change.name && !change.profile && !change.grants &&
                          plugin::is_secrets_only(plugin::setup_form(*manifest), *change.settings);
    if (!fills_in)
      throw Error(Code::conflict, Text("lifecycle.declared_elsewhere", {{"name", *before.declared}}));
  }
  if (change.settings) {
    if (!present) integration = co_await adapted(std::move(integration), manifest);
    const auto form = plugin::setup_form(*manifest);
    auto split = plugin::split_settings(form, plugin::merge_settings(integration.settings, *change.settings),
                                        read.values, is_draft);
    plugin::require_secrets_for_new_hosts(form, before.settings, split.settings, *change.settings,
                                          read.values);
    integration.settings = split.settings;
    integration.version = manifest->version;
    for (auto& [name, value] : split.secrets) secrets[name] = std::move(value);
    plugin::generate_missing(manifest->secrets, secrets);
  }
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
  co_await store_settings(integration, read.values, secrets, change.grants);
  if (!change.concerns_plugin() || !plugin::is_connected(integration.state)) co_return integration;
  std::exception_ptr refused;
  try {
    co_await connect(integration, false, std::move(language));
  } catch (const Error&) {
    refused = std::current_exception();
  }
  if (!refused) co_return integration;
  co_await store_settings(before, secrets, read.values, grants_before);
  co_await reconnect(before);
  std::rethrow_exception(refused);
}

// What worked before a change that was refused works on.
asio::awaitable<void> Lifecycle::reconnect(Integration integration) {
  if (!integration.identity.empty()) co_await claim(integration);
  co_await bring_back(std::move(integration));
}

}  // namespace patchbay::lifecycle
