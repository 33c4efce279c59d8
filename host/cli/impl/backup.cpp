#include <chrono>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"
#include "store/backup.hpp"
#include "store/host_lock.hpp"
#include "store/migrate.hpp"
#include "vault/vault.hpp"

namespace patchbay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Arguments {
  fs::path file;
  bool replace = false;
  bool check_only = false;
};

int back_up(const Context& context, const Arguments& arguments) {
  const auto config = context.config();
  const auto made = store::back_up(config.store_url, arguments.file);
  print_object(json{{"file", arguments.file.string()},
                    {"bytes", made.bytes},
                    {"schema", made.schema},
                    {"key", Text("cli.backup_key", {{"file", config.key_file.string()}}).in(language())}},
               context.json);
  return kDone;
}

// Other hosts on the same PostgreSQL show by their beats.
bool any_host_lives(store::Store& store) {
  const auto beats = [&store] {
    return store.read_now([](store::Session& session) {
      if (!store::has_table(session, "hosts")) return std::int64_t{0};
      return session.query_one("select cast(coalesce(sum(beat), 0) as bigint) from hosts")->integer(0);
    });
  };
  const auto before = beats();
  if (before == 0) return false;
  std::this_thread::sleep_for(std::chrono::seconds(3));
  return beats() != before;
}

std::unique_ptr<store::Store> open(const config::Config& config) {
  store::Store::Options options;
  options.url = config.store_url;
  options.sessions = 1;
  return store::Store::open(options, log::Logger::none());
}

int restore(const Context& context, const Arguments& arguments) {
  const auto config = context.config();
  const auto found = store::check_backup(config.store_url, arguments.file);
  if (!arguments.check_only) {
    fs::create_directories(config.state_dir);
    const store::HostLock lock(store::HostLock::path_for(config.store_url, config.state_dir),
                               std::chrono::milliseconds(0));
    const bool shared = config.store_url.rfind("sqlite:", 0) != 0;
    if (shared && any_host_lives(*open(config)))
      throw Error(Code::conflict, Text("store.second_host", {{"where", "PostgreSQL"}}));
    store::restore(config.store_url, arguments.file, arguments.replace);
    const auto store = open(config);
    store->write_now([](store::Session& session) {
      // Of hosts that ran when the backup was made.
      if (store::has_table(session, "hosts")) session.exec("delete from hosts");
    });
    vault::Vault::check(*store, config.key_file.string());
  }
  print_object(json{{"file", arguments.file.string()}, {"bytes", found.bytes}, {"schema", found.schema}},
               context.json);
  return kDone;
}

}  // namespace

void add_backup(Commands commands) {
  const auto arguments = std::make_shared<Arguments>();
  auto& context = commands.context;
  auto* made =
      commands.app.add_subcommand("backup", "Write the whole database into one file while hosts go on");
  made->footer(
      "The master key is not in it: keep its file apart.\nExample: patchbay backup monday.backup --config "
      "patchbay.json");
  made->add_option("FILE", arguments->file, "A new file")->required();
  add_common(*made, context);
  made->callback([commands, arguments] {
    commands.run = [&context = commands.context, arguments] { return back_up(context, *arguments); };
  });
  auto* restored =
      commands.app.add_subcommand("restore", "Put a backup in the database's place; no host may run");
  restored->footer("Example: patchbay restore monday.backup --config patchbay.json");
  restored->add_option("FILE", arguments->file, "Made by backup")->required();
  restored->add_flag("--replace", arguments->replace, "Also when the database holds something");
  restored->add_flag("--check", arguments->check_only, "Only tell whether it could be restored");
  add_common(*restored, context);
  restored->callback([commands, arguments] {
    commands.run = [&context = commands.context, arguments] { return restore(context, *arguments); };
  });
}

}  // namespace patchbay::cli
