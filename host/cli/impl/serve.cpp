#include "cli/impl/command.hpp"

namespace patchbay::cli {

void add_serve(Commands commands, const Serve& serve) {
  auto* command = commands.app.add_subcommand("serve", "Run the host in the foreground");
  command->footer(
      "Prints \"ready: ADDRESS\" once it serves. SIGTERM and SIGINT stop it without cutting a request.\n"
      "Example: patchbay serve --config /etc/patchbay/patchbay.json");
  add_common(*command, commands.context, false);
  command->callback(
      [commands, &serve] { commands.run = [commands, &serve] { return serve(commands.context.config()); }; });
}

}  // namespace patchbay::cli
