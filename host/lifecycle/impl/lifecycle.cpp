#include "lifecycle/lifecycle.hpp"

#include <nlohmann/json.hpp>

#include "lifecycle/impl/listening.hpp"
#include "lifecycle/impl/messages.hpp"
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
      tasks_(parts_.executor, [this](const std::string& name, std::exception_ptr e) {
        parts_.logger.error("task failed", {{"task", name}, {"error", error_words(e)}});
      }) {}

Lifecycle::~Lifecycle() = default;

std::shared_ptr<const plugin::Manifest> Lifecycle::manifest_of(const Integration& integration) const {
  auto manifest = parts_.catalogue.find(integration.plugin);
  if (!manifest)
    throw Error(Code::unavailable, Text("lifecycle.plugin_missing", {{"plugin", integration.plugin}}));
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
  auto work = [this, integration](store::Session& session) { table_.set_state(session, integration); };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<std::map<std::string, std::string>> Lifecycle::secrets_of(Id id) {
  auto work = [this, id](store::Session& session) {
    std::map<std::string, std::string> out;
    for (const auto& name : parts_.vault.names(session, kScope, id)) {
      if (auto value = parts_.vault.get(session, vault::SecretName(kScope, id, name)))
        out.emplace(name, std::move(*value));
    }
    return out;
  };
  co_return co_await parts_.store.read(std::move(work));
}

asio::awaitable<void> Lifecycle::store_secrets(Id id, std::map<std::string, std::string> secrets) {
  const auto old = co_await secrets_of(id);
  for (const auto& [name, value] : secrets) {
    const auto before = old.find(name);
    if (before != old.end() && before->second != value) parts_.redactor.remove(before->second);
    if (before == old.end() || before->second != value) parts_.redactor.add(value);
  }
  auto work = [this, id, secrets](store::Session& session) {
    for (const auto& [name, value] : secrets)
      parts_.vault.put(session, vault::SecretName(kScope, id, name), value);
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
  auto split = plugin::split_settings(*manifest, wanted.settings, {});
  for (const auto& [name, spec] : manifest->secrets) {
    if (spec.generate > 0 && split.secrets.count(name) == 0) {
      split.secrets[name] = vault::generate(static_cast<std::size_t>(spec.generate));
    }
  }
  Integration integration;
  integration.id = parts_.ids.next();
  integration.plugin = manifest->id;
  integration.version = manifest->version;
  integration.name = wanted.name.empty() ? manifest->title : wanted.name;
  integration.settings = split.settings;
  integration.state = State::inactive;
  integration.owner = wanted.owner;
  integration.created_at = integration.updated_at = now_ms(parts_.clock);
  for (const auto& [name, value] : split.secrets) parts_.redactor.add(value);
  auto work = [this, integration, secrets = std::move(split.secrets)](store::Session& session) {
    table_.insert(session, integration);
    for (const auto& [name, value] : secrets) {
      parts_.vault.put(session, vault::SecretName(kScope, integration.id, name), value);
    }
  };
  co_await parts_.store.write(std::move(work));
  co_return integration;
}

asio::awaitable<Integration> Lifecycle::change(Id id, Change change, std::string language) {
  const auto held = co_await locks_.lock(id);
  auto integration = co_await load(id);
  if (change.name) integration.name = *change.name;
  if (change.settings) {
    const auto manifest = manifest_of(integration);
    const auto kept = co_await secrets_of(id);
    auto split = plugin::split_settings(*manifest,
                                        plugin::merge_settings(integration.settings, *change.settings), kept);
    integration.settings = split.settings;
    integration.version = manifest->version;
    co_await store_secrets(id, std::move(split.secrets));
  }
  integration.updated_at = now_ms(parts_.clock);
  auto work = [this, integration](store::Session& session) { table_.set_settings(session, integration); };
  co_await parts_.store.write(std::move(work));
  if (change.settings && plugin::is_connected(integration.state))
    co_await connect(integration, false, std::move(language));
  co_return integration;
}

}  // namespace patchbay::lifecycle
