#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {

void add_health(Commands commands) {
  auto* health = commands.app.add_subcommand("health", "How running integrations and their workers are");
  health->footer("Example: patchbay health --config patchbay.json");
  add_common(*health, commands.context);
  const auto by_plugin = std::make_shared<bool>(false);
  health->add_flag("--plugins", *by_plugin, "Of each plugin, all its integrations taken together");
  health->callback([commands, by_plugin] {
    commands.run = [commands, by_plugin] {
      ApiClient api(commands.context.config());
      if (*by_plugin) {
        print_list(api.all("/api/v1/plugin-health"),
                   {"plugin", "state", "since", "integrations", "workers", "restarts", "calls", "errors",
                    "latency_ms.p99", "memory_bytes", "last_error"},
                   commands.context.json);
        return static_cast<int>(kDone);
      }
      print_list(api.all("/api/v1/health"),
                 {"integration", "plugin", "version", "state", "since", "restarts", "calls", "errors",
                  "latency_ms.p99", "worker.memory_bytes", "host", "last_error"},
                 commands.context.json);
      return static_cast<int>(kDone);
    };
  });
}

void add_hosts(Commands commands) {
  auto* hosts =
      commands.app.add_subcommand("hosts", "The hosts that share a PostgreSQL, and their share of the work");
  hosts->footer("Example: patchbay hosts --config patchbay.json");
  add_common(*hosts, commands.context);
  hosts->callback([commands] {
    commands.run = [commands] {
      ApiClient api(commands.context.config());
      print_list(api.all("/api/v1/hosts"), {"name", "address", "version", "since", "share", "me"},
                 commands.context.json);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace patchbay::cli
