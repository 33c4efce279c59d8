// What the domain needs of the other modules, and what they do when a system setting changes (SET-3).
#include "app/impl/modules.hpp"

namespace patchbay::app {

Business::Parts Modules::business_parts() {
  Business::Parts parts{io.get_executor(), clock, ids, *store, *vault, logger};
  parts.settings_changed = [this] { settings_changed(); };
  parts.http = http.get();
  parts.redactor = &redactor;
  parts.key_sets = &key_sets;
  parts.opened = [this] { return opened_hosts.get(); };
  return parts;
}

// The setting goes before the file (SET-2).
void Modules::settings_changed() {
  const auto set = business.settings.text("SiteUrl");
  if (!site.set(set.empty() ? config.site_url : set) || !started_) return;
  logger.info("the public address has changed", {{"site_url", site.get()}});
  tasks.spawn("follow the public address", lifecycle.site_moved());
  tasks.spawn("follow the public address", profile_routes.site_moved());
}

}  // namespace patchbay::app
