#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {

void add_secrets(Commands commands) {
  auto* group = commands.app.add_subcommand("secrets", "The master key of the stored secrets");
  group->require_subcommand(1);
  auto* rotate = group->add_subcommand("rotate", "Replace the master key while everything runs");
  rotate->footer("Example: patchbay secrets rotate --config patchbay.json");
  add_common(*rotate, commands.context);
  rotate->callback([commands] {
    commands.run = [commands] {
      ApiClient api(commands.context.config());
      print_object(api.post("/api/v1/secrets/rotate", nlohmann::json{{"confirm", true}}),
                   commands.context.json);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace patchbay::cli
