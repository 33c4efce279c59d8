// What a running host takes over from its configuration, and what it says about the rest (OPS-5).
#include "app/impl/modules.hpp"
#include "base/joined.hpp"
#include "cli/openings.hpp"

namespace patchbay::app {
namespace {

// The settings that differ and are read at the start only.
std::vector<std::string> need_restart(const config::Config& old, const config::Config& now) {
  std::vector<std::string> out;
  const auto compare = [&out](const char* path, const auto& before, const auto& after) {
    if (before != after) out.emplace_back(path);
  };
  compare("/site_url", old.site_url, now.site_url);
  compare("/state_dir", old.state_dir, now.state_dir);
  compare("/threads", old.threads, now.threads);
  compare("/listen/address", old.listen_address, now.listen_address);
  compare("/listen/port", old.listen_port, now.listen_port);
  compare("/listen/tls/address", old.tls_address, now.tls_address);
  compare("/listen/tls/port", old.tls_port, now.tls_port);
  compare("/listen/tls/certificate", old.tls_certificate, now.tls_certificate);
  compare("/listen/tls/key", old.tls_key, now.tls_key);
  compare("/listen/trusted_proxies", old.trusted_proxies, now.trusted_proxies);
  compare("/store/url", old.store_url, now.store_url);
  compare("/store/sessions", old.store_sessions, now.store_sessions);
  compare("/vault/key_file", old.key_file, now.key_file);
  compare("/plugins/folders", old.plugin_folders, now.plugin_folders);
  compare("/plugins/in_process", old.in_process, now.in_process);
  compare("/plugins/trusted_keys", old.trusted_keys, now.trusted_keys);
  compare("/plugins/only_trusted", old.only_trusted, now.only_trusted);
  compare("/plugins/sandbox", old.plugin_sandbox, now.plugin_sandbox);
  compare("/plugins/memory_mb", old.plugin_memory, now.plugin_memory);
  compare("/plugins/cpu_percent", old.plugin_cpu, now.plugin_cpu);
  compare("/plugins/storage_mb", old.plugin_storage, now.plugin_storage);
  compare("/egress/proxy", old.proxy, now.proxy);
  compare("/egress/ca_file", old.ca_file, now.ca_file);
  compare("/egress/dns", old.dns_servers, now.dns_servers);
  compare("/setup/folder", old.setup_folder, now.setup_folder);
  compare("/inbox/keep_days", old.inbox_keep_days, now.inbox_keep_days);
  compare("/inbox/rate", old.inbox_rate, now.inbox_rate);
  compare("/log/format", old.log_format, now.log_format);
  compare("/log/file", old.log_file, now.log_file);
  return out;
}

}  // namespace

void Modules::reload() {
  try {
    const auto now = config::load(config.file, config::environment_of_process());
    cli::require_openings(now);
    logger.set_level(*log::parse_level(now.log_level));
    opened_hosts.set(now.egress_allow);
    vault->reload(*store);
    tasks.spawn("publish keys", publish_keys());
    if (secure_listener) secure_listener->reload();
    declared.look_again();
    const auto waiting = need_restart(config, now);
    logger.info("configuration read again: log.level, egress.allow and what files declare hold from now on",
                {{"file", config.file.string()}});
    if (!waiting.empty()) {
      logger.warn("settings have changed that hold only after a restart of the host",
                  {{"settings", joined(waiting)}});
    }
  } catch (const Error& error) {
    logger.error("the configuration cannot be used: nothing has changed",
                 {{"file", config.file.string()}, {"error", error.what()}});
  }
}

}  // namespace patchbay::app
