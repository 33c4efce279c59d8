// What integrations share: patchbay profiles, patchbay grants.
#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/settings_input.hpp"
#include "cli/impl/sign_in.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr const char* kProfiles = "/api/v1/profiles";
constexpr const char* kGrants = "/api/v1/grants";

struct Arguments {
  std::string id;
  std::string plugin;
  std::string name;
  bool on_device = false;
  SettingsInput settings;
  bool end_former_secrets = false;
};

int list(const Context& context, const char* path, const std::vector<std::string>& columns) {
  ApiClient api(context.config());
  print_list(api.all(path), columns, context.json);
  return kDone;
}

int show(const Context& context, const char* path, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get(std::string(path) + "/" + arguments.id), context.json);
  return kDone;
}

int remove(const Context& context, const char* path, const Arguments& arguments) {
  ApiClient api(context.config());
  api.remove(std::string(path) + "/" + arguments.id);
  if (context.json) print_object(json{{"removed", arguments.id}}, true);
  return kDone;
}

int create_profile(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body = {{"plugin", arguments.plugin}, {"settings", arguments.settings.read()}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  print_object(api.post(kProfiles, body), context.json);
  return kDone;
}

int change_profile(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body = {{"settings", arguments.settings.read()}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  if (arguments.end_former_secrets) body["end_former_secrets"] = true;
  print_object(api.patch(std::string(kProfiles) + "/" + arguments.id, body), context.json);
  return kDone;
}

int sign_in_again(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto path = std::string(kGrants) + "/" + arguments.id;
  const auto grant = api.get(path);
  const auto plugin = api.get("/api/v1/plugins/" + grant.at("plugin").get<std::string>());
  sign_in_at(api, plugin, grant.at("name"), {{"again", arguments.id}}, arguments.on_device);
  print_object(api.get(path), context.json);
  return kDone;
}

}  // namespace

void add_credentials(Commands commands) {
  const auto arguments = std::make_shared<Arguments>();
  const auto& context = commands.context;
  const auto add = [&](CLI::App* group, const char* name, const char* help, const std::string& example,
                       std::function<int()> run) {
    auto* command = group->add_subcommand(name, help);
    command->footer("Example: patchbay " + group->get_name() + " " + example + " --config patchbay.json");
    add_common(*command, commands.context);
    command->callback([commands, run = std::move(run)] { commands.run = run; });
    return command;
  };
  auto* profiles = commands.app.add_subcommand("profiles", "Apps and servers that integrations share");
  profiles->require_subcommand(1);
  add(profiles, "list", "All profiles", "list", [&context] {
    return list(context, kProfiles, {"id", "plugin", "name", "declared", "updated_at"});
  });
  auto* shown = add(profiles, "show", "One profile", "show 7",
                    [&context, arguments] { return show(context, kProfiles, *arguments); });
  auto* created = add(profiles, "create", "Add a profile; secrets are best given with --settings -",
                      "create --plugin pages --settings -",
                      [&context, arguments] { return create_profile(context, *arguments); });
  auto* changed =
      add(profiles, "change", "Change name or settings; what is not named stays", "change 7 --settings -",
          [&context, arguments] { return change_profile(context, *arguments); });
  auto* removed = add(profiles, "remove", "Remove a profile that nothing uses", "remove 7",
                      [&context, arguments] { return remove(context, kProfiles, *arguments); });
  created->add_option("--plugin", arguments->plugin, "The plugin's id")->required();
  for (auto* command : {created, changed}) {
    command->add_option("--name", arguments->name, "What it is called");
    arguments->settings.add_to(*command);
  }
  changed->add_flag("--end-former-secrets", arguments->end_former_secrets,
                    "Accept no more what secrets of its routes were before");
  auto* grants = commands.app.add_subcommand("grants", "What people have allowed at providers");
  grants->require_subcommand(1);
  add(grants, "list", "All grants with state and reason", "list", [&context] {
    return list(context, kGrants, {"id", "plugin", "name", "title", "state", "expires_at", "reason"});
  });
  auto* grant = add(grants, "show", "One grant", "show 7",
                    [&context, arguments] { return show(context, kGrants, *arguments); });
  auto* taken_back = add(grants, "remove", "Remove a grant, at the provider too", "remove 7",
                         [&context, arguments] { return remove(context, kGrants, *arguments); });
  auto* again = add(grants, "sign-in", "Let the same person sign in once more", "sign-in 7",
                    [&context, arguments] { return sign_in_again(context, *arguments); });
  again->add_flag("--device", arguments->on_device, "With a code that is entered on another device");
  for (auto* command : {shown, changed, removed, grant, taken_back, again})
    command->add_option("ID", arguments->id, "Its id")->required();
}

}  // namespace patchbay::cli
