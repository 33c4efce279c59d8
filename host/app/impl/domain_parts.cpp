// What the domain needs of the other modules, and what they do when a system setting changes (SET-3).
#include "app/impl/modules.hpp"
#include "domain/processes/of_plugins.hpp"
#include "domain/settings/of_plugins.hpp"

namespace patchbay::app {

Business::Parts Modules::business_parts() {
  Business::Parts parts{io.get_executor(), clock, ids, *store, *vault, logger};
  parts.metrics = &metrics;
  parts.settings_changed = [this] { settings_changed(); };
  parts.caller = &fleet;
  parts.plugin_processes = [this] { return domain::processes::processes_of(catalogue); };
  parts.plugin_settings = [this] { return domain::settings::settings_of(catalogue); };
  parts.http = http.get();
  parts.redactor = &redactor;
  parts.key_sets = &key_sets;
  parts.opened = [this] { return opened_hosts.get(); };
  return parts;
}

domain::chat::Chats::Parts Modules::chats_parts() {
  domain::chat::Chats::Parts parts(*store, channels, fleet, clock, ids);
  parts.wake = [this](const outbox::Item& first) {
    tell("outbox", first.integration);
    outbox.wake(first);
  };
  parts.answered = metrics.define(waiting_metric("patchbay_chat_first_answer_seconds",
                                                 "How long clients waited until a person answered first"));
  return parts;
}

domain::chat::Greeter::Parts Modules::greeter_parts() {
  domain::chat::Greeter::Parts parts(io.get_executor(), clock, *store, chats, logger);
  parts.owned = &peers.owned();
  return parts;
}

void Modules::settings_changed() {
  follow_site();
  // Of each plugin that has settings of its own, what its instances were told.
  const std::lock_guard held(told_mutex_);
  for (const auto& entry : catalogue.list()) {
    if (!entry.manifest || !plugin::goes_first(entry.state) || entry.manifest->settings.empty()) continue;
    auto now = domain::settings::changes_for(*entry.manifest, business.settings);
    const auto [told, is_new] = told_settings_.try_emplace(entry.id, now);
    if (!is_new && told->second == now) continue;
    told->second = std::move(now);
    // Instances of a plugin that came since are told once more than they need.
    if (started_) tasks.spawn("tell a plugin its settings", lifecycle.settings_changed(entry.id));
  }
}

// The setting goes before the file (SET-2).
void Modules::follow_site() {
  const auto set = business.settings.text("SiteUrl");
  if (!site.set(set.empty() ? config.site_url : set) || !started_) return;
  logger.info("the public address has changed", {{"site_url", site.get()}});
  tasks.spawn("follow the public address", lifecycle.site_moved());
  tasks.spawn("follow the public address", profile_routes.site_moved());
}

std::string Modules::settings_for(const plugin::Manifest& manifest) const {
  return domain::settings::values_for(manifest, business.settings);
}

bool Modules::has_setting(const std::string& code) const {
  return code == "SiteUrl" ? !site.get().empty() : business.settings.has_value(code);
}

}  // namespace patchbay::app
