#include "cli/command_line.hpp"

#include <iostream>

#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"

namespace patchbay::cli {

void add_common(CLI::App& command, Context& context, bool with_json) {
  command.add_option("--config", context.config_file, "The configuration file")
      ->required()
      ->envname("PATCHBAY_CONFIG")
      ->type_name("FILE");
  if (with_json) command.add_flag("--json", context.json, "Print JSON instead of a table");
}

int run(int argc, char** argv, const Serve& serve) {
  CLI::App app("Patchbay: a host for integration plugins", "patchbay");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("patchbay ") + PB_VERSION);
  app.footer(
      "Exit codes: 0 done, 64 usage, 65 bad input, 66 no such file, 69 store or host away, 70 our own "
      "fault, 75 busy,\n77 not allowed, 78 configuration or key.\nExample: patchbay serve --config "
      "patchbay.json");
  Context context;
  std::function<int()> command;
  const Commands commands{app, context, command};
  add_serve(commands, serve);
  add_check_config(commands);
  add_migrate(commands);
  add_token(commands);
  add_users(commands);
  add_system_settings(commands);
  add_plugins(commands);
  add_integrations(commands);
  add_credentials(commands);
  add_inbox(commands);
  add_jobs(commands);
  add_secrets(commands);
  add_backup(commands);
  add_health(commands);
  add_hosts(commands);
  add_doctor(commands);
  add_diagnostics(commands);
  add_shell(commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  try {
    return command();
  } catch (const Error& error) {
    print_error(error, context.json);
    return exit_code_of(error);
  } catch (const std::exception& error) {
    std::cerr << "patchbay: " << error.what() << '\n';
    return kInternal;
  }
}

}  // namespace patchbay::cli
