#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"
#include "plugin/package.hpp"

namespace patchbay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Arguments {
  fs::path file;
  fs::path folder;
  std::string plugin;
  std::string version;
};

int list(const Context& context) {
  ApiClient api(context.config());
  print_list(api.all("/api/v1/plugins"), {"id", "version", "state", "signed_by", "title", "reason.text"},
             context.json);
  return kDone;
}

int use(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body;
  body["version"] = arguments.version == "newest" ? json() : json(arguments.version);
  print_object(api.post("/api/v1/plugins/" + arguments.plugin + "/use", body), context.json);
  return kDone;
}

int act(const Context& context, const Arguments& arguments, const std::string& action) {
  ApiClient api(context.config());
  print_object(api.post("/api/v1/plugins/" + arguments.plugin + "/" + action, json::object()), context.json);
  return kDone;
}

int remove(const Context& context, const Arguments& arguments) {
  ApiClient(context.config()).remove("/api/v1/plugins/" + arguments.plugin);
  if (context.json) print_object(json{{"removed", arguments.plugin}}, true);
  return kDone;
}

void write_new(const fs::path& file, const std::string& text, mode_t mode) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0 && errno == EEXIST)
    throw Error(Code::conflict, Text("cli.file_exists", {{"file", file.string()}}));
  bool done = descriptor >= 0;
  done = done && ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  done = done && ::fsync(descriptor) == 0;
  const auto reason = std::generic_category().message(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (!done && descriptor >= 0) fs::remove(file);
  if (!done)
    throw Error(Code::invalid, Text("cli.file_unwritten", {{"file", file.string()}, {"reason", reason}}));
}

int make_key(const Context& context, const Arguments& arguments) {
  const auto key = crypto::SigningKey::generate();
  auto open_half = arguments.file;
  open_half += ".pub";
  if (fs::exists(open_half))
    throw Error(Code::conflict, Text("cli.file_exists", {{"file", open_half.string()}}));
  write_new(arguments.file, plugin::private_key_text(key), 0600);
  write_new(open_half, plugin::public_key_text(key.verifying()), 0644);
  print_object(json{{"key", key.verifying().id()},
                    {"private", arguments.file.string()},
                    {"public", open_half.string()}},
               context.json);
  return kDone;
}

fs::path folder_of(const Arguments& arguments) {
  if (fs::exists(arguments.folder / "plugin.json")) return arguments.folder;
  throw Error(Code::not_found, Text("cli.no_folder", {{"folder", arguments.folder.string()}}));
}

int sign(const Context& context, const Arguments& arguments) {
  const auto folder = folder_of(arguments);
  std::ifstream in(arguments.file);
  std::string text;
  std::getline(in, text);
  const auto key = plugin::parse_private_key(text);
  if (!key) throw Error(Code::invalid, Text("cli.no_private_key", {{"file", arguments.file.string()}}));
  plugin::sign_package(folder, *key);
  print_object(
      json{{"key", key->verifying().id()}, {"signature", (folder / plugin::kSignatureFile).string()}},
      context.json);
  return kDone;
}

int verify(const Context& context, const Arguments& arguments) {
  const auto folder = folder_of(arguments);
  const plugin::Trust trust(context.config().trusted_keys, true, {});
  print_object(json{{"signed_by", trust.signer_of(folder, true)}}, context.json);
  return kDone;
}

}  // namespace

void add_plugins(Commands commands) {
  auto* group =
      commands.app.add_subcommand("plugins", "What was found in the plugin folders; signed packages");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* help, const char* example, std::function<int()> run) {
    auto* command = group->add_subcommand(name, help);
    command->footer(std::string("Example: patchbay plugins ") + example);
    command->callback([commands, run = std::move(run)] { commands.run = run; });
    return command;
  };
  auto& context = commands.context;
  auto* listed = add("list", "Every plugin with its state and, when it does not run, the reason",
                     "list --config patchbay.json", [&context] { return list(context); });
  auto* made =
      add("keygen", "Make a key that signs plugins: FILE, which you keep, and FILE.pub, which hosts trust",
          "keygen acme", [&context, arguments] { return make_key(context, *arguments); });
  auto* sealed =
      add("sign", "Sign the plugin in a folder, after its last change", "sign build/acme --key acme",
          [&context, arguments] { return sign(context, *arguments); });
  auto* checked = add("verify", "Tell whose trusted key signed the plugin in a folder",
                      "verify build/acme --config patchbay.json",
                      [&context, arguments] { return verify(context, *arguments); });
  auto* used = add("use", "Choose the version that runs, an older one too; newest: whatever is the newest",
                   "use echo 0.1.0 --config patchbay.json",
                   [&context, arguments] { return use(context, *arguments); });
  used->add_option("PLUGIN", arguments->plugin, "Its id")->required();
  used->add_option("VERSION", arguments->version, "As plugins list shows it, or newest")->required();
  const auto with_plugin = [&](const char* name, const char* help, std::function<int()> run) {
    const auto example = std::string(name) + " echo --config patchbay.json";
    auto* command = add(name, help, example.c_str(), std::move(run));
    command->add_option("PLUGIN", arguments->plugin, "Its id")->required();
    return command;
  };
  auto* enabled = with_plugin("enable", "Let it run; adding an integration or a profile of it does that too",
                              [&context, arguments] { return act(context, *arguments, "enable"); });
  auto* disabled = with_plugin("disable", "Let it run no more; webhooks are still stored",
                               [&context, arguments] { return act(context, *arguments, "disable"); });
  auto* removed =
      with_plugin("remove", "Remove its folders below plugins in the state folder, and what is kept of it",
                  [&context, arguments] { return remove(context, *arguments); });
  for (auto* command : {used, enabled, disabled, removed}) add_common(*command, context);
  add_common(*listed, context);
  add_common(*checked, context);
  for (auto* command : {made, sealed})
    command->add_flag("--json", context.json, "Print JSON instead of lines");
  made->add_option("FILE", arguments->file, "Where to keep the private key")->required();
  sealed->add_option("--key", arguments->file, "The private key")->required()->type_name("FILE");
  for (auto* command : {sealed, checked})
    command->add_option("FOLDER", arguments->folder, "The plugin's folder")->required();
}

}  // namespace patchbay::cli
