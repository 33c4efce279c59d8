#include "store/migrate.hpp"

#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/open_store.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

int migrate(const Context& context, bool only_check) {
  const auto config = context.config();
  const auto store = open_store(config, only_check ? Schema::as_it_is : Schema::up_to_date);
  const auto version = store::schema_version(*store);
  const auto newest = store::migrations().back().version;
  if (version > newest) store::require_current(*store);
  auto pending = json::array();
  for (const auto& each : store::migrations()) {
    if (each.version > version) pending.push_back(each.name);
  }
  print_object({{"schema", version}, {"newest", newest}, {"pending", std::move(pending)}}, context.json);
  return kDone;
}

}  // namespace

void add_migrate(Commands commands) {
  const auto only_check = std::make_shared<bool>(false);
  auto* command = commands.app.add_subcommand(
      "migrate", "Bring the database up to date, as a host does when it starts; back up first");
  command->footer("Example: patchbay migrate --check --config patchbay.json");
  command->add_flag("--check", *only_check, "Only say what would be done");
  add_common(*command, commands.context);
  command->callback([commands, only_check] {
    commands.run = [commands, only_check] { return migrate(commands.context, *only_check); };
  });
}

}  // namespace patchbay::cli
