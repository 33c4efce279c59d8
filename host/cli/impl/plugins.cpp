#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {

void add_plugins(Commands commands) {
  auto* group = commands.app.add_subcommand("plugins", "What was found in the plugin folders");
  group->require_subcommand(1);
  auto* list =
      group->add_subcommand("list", "Every plugin with its state and, when it is broken, the reason");
  list->footer("Example: patchbay plugins list --config patchbay.json");
  add_common(*list, commands.context);
  list->callback([commands] {
    commands.run = [commands] {
      ApiClient api(commands.context.config());
      print_list(api.get("/api/v1/plugins").at("items"), {"id", "version", "state", "title", "reason.text"},
                 commands.context.json);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace patchbay::cli
