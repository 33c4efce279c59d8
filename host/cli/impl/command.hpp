#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.hpp"

namespace patchbay::cli {

// What every command shares. Filled in by the parser before a command runs.
struct Context {
  std::string config_file;
  bool json = false;

  config::Config config() const { return config::load(config_file, config::environment_of_process()); }
};

// A command adds itself to the parser; its callback sets `run`.
struct Commands {
  CLI::App& app;
  Context& context;
  std::function<int()>& run;
};

// --config and, where it says something, --json.
void add_common(CLI::App& command, Context& context, bool with_json = true);

void add_serve(Commands commands, const Serve& serve);
void add_check_config(Commands commands);
void add_migrate(Commands commands);
void add_token(Commands commands);
void add_users(Commands commands);
void add_system_settings(Commands commands);
void add_plugins(Commands commands);
void add_integrations(Commands commands);
// "setup" of the group of integrations.
void add_setup(CLI::App& group, Commands commands);
void add_credentials(Commands commands);
void add_inbox(Commands commands);
void add_jobs(Commands commands);
void add_secrets(Commands commands);
void add_shell(Commands commands);
void add_backup(Commands commands);
void add_health(Commands commands);
void add_hosts(Commands commands);
void add_doctor(Commands commands);
void add_diagnostics(Commands commands);

}  // namespace patchbay::cli
