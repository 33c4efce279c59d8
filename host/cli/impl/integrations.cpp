#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/settings_input.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr const char* kPath = "/api/v1/integrations";

struct Arguments {
  std::string id;
  std::string plugin;
  std::string name;
  std::string file;
  SettingsInput settings;
  bool take_over = false;
  bool end_former_secrets = false;
  bool accept_unverified = false;
};

int create(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body = {{"plugin", arguments.plugin}, {"settings", arguments.settings.read()}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  print_object(api.post(kPath, body), context.json);
  return kDone;
}

int change(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body = {{"settings", arguments.settings.read()}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  if (arguments.end_former_secrets) body["end_former_secrets"] = true;
  print_object(api.patch(std::string(kPath) + "/" + arguments.id, body), context.json);
  return kDone;
}

int check(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto report = api.post(std::string(kPath) + "/" + arguments.id + "/check", json::object());
  print_object(report, context.json);
  return report.at("ok").get<bool>() ? kDone : kBadInput;
}

int self_test(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto answer = api.post(std::string(kPath) + "/" + arguments.id + "/self-test", json::object());
  const auto& routes = answer.at("routes");
  print_list(routes, {"id", "address", "outcome", "text"}, context.json);
  const bool fine = std::all_of(routes.begin(), routes.end(), [](const json& route) {
    return route.at("outcome") == "verified" || route.at("outcome") == "impossible";
  });
  return fine ? kDone : kBadInput;
}

int act(const Context& context, const Arguments& arguments, const std::string& action) {
  ApiClient api(context.config());
  json body = json::object();
  if (arguments.take_over) body["take_over"] = true;
  if (arguments.accept_unverified) body["accept_unverified"] = true;
  print_object(api.post(std::string(kPath) + "/" + arguments.id + "/" + action, body), context.json);
  return kDone;
}

int list(const Context& context) {
  ApiClient api(context.config());
  print_list(api.all(kPath), {"id", "plugin", "name", "state", "title", "reason.text"}, context.json);
  return kDone;
}

int export_all(const Context& context) {
  ApiClient api(context.config());
  std::cout << api.get("/api/v1/setup").dump(2) << '\n';
  return kDone;
}

int import(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto document = read_json(arguments.file);
  if (!document.is_object())
    throw Error(Code::invalid, Text("cli.settings_no_object", {{"file", arguments.file}}));
  const std::string path =
      arguments.accept_unverified ? "/api/v1/setup?accept_unverified=true" : "/api/v1/setup";
  auto applied = api.post(path, document).at("applied");
  int code = kDone;
  for (auto& each : applied) {
    if (each.at("error").is_object() || !each.at("missing").empty()) code = kBadInput;
    if (!context.json)
      each["missing"] = each.at("missing").empty() ? json() : json(each.at("missing").dump());
  }
  print_list(applied, {"kind", "plugin", "name", "id", "result", "opened", "missing", "error.text"},
             context.json);
  return code;
}

int remove(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  api.remove(std::string(kPath) + "/" + arguments.id);
  if (context.json) print_object(json{{"removed", arguments.id}}, true);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get(std::string(kPath) + "/" + arguments.id), context.json);
  return kDone;
}

int history(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_list(api.all("/api/v1/health/" + arguments.id + "/history"),
             {"at", "what", "state", "reason.code", "reason.text", "version", "host"}, context.json);
  return kDone;
}

}  // namespace

void add_integrations(Commands commands) {
  auto* group = commands.app.add_subcommand("integrations", "Configured instances of plugins");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* help, const char* example, std::function<int()> run) {
    auto* command = group->add_subcommand(name, help);
    command->footer(std::string("Example: patchbay integrations ") + example + " --config patchbay.json");
    add_common(*command, commands.context);
    command->callback([commands, run = std::move(run)] { commands.run = run; });
    return command;
  };
  const auto& context = commands.context;
  add("list", "All integrations with state and reason", "list", [&context] { return list(context); });
  auto* shown =
      add("show", "One integration", "show 7", [&context, arguments] { return show(context, *arguments); });
  auto* past = add("history", "What became of it and of what runs for it, the newest first", "history 7",
                   [&context, arguments] { return history(context, *arguments); });
  auto* created = add("create", "Add an integration; secrets are best given with --settings -",
                      "create --plugin echo --name Test --settings -",
                      [&context, arguments] { return create(context, *arguments); });
  auto* changed =
      add("change", "Change name or settings; what is not named stays", "change 7 --set mode=polling",
          [&context, arguments] { return change(context, *arguments); });
  auto* checked = add("check", "Live test; exit code 65 when it does not work", "check 7",
                      [&context, arguments] { return check(context, *arguments); });
  auto* tested = add("self-test", "Whether webhooks arrive as they are sent; exit code 65 when they do not",
                     "self-test 7", [&context, arguments] { return self_test(context, *arguments); });
  auto* activated = add("activate", "Connect to the provider", "activate 7",
                        [&context, arguments] { return act(context, *arguments, "activate"); });
  auto* deactivated = add("deactivate", "Disconnect from the provider", "deactivate 7",
                          [&context, arguments] { return act(context, *arguments, "deactivate"); });
  auto* removed = add("remove", "Remove a draft", "remove 7",
                      [&context, arguments] { return remove(context, *arguments); });
  add("export", "Everything but secrets, to be imported elsewhere or put into setup.folder", "export",
      [&context] { return export_all(context); });
  auto* imported =
      add("import", "Make or change what a document says; exit code 65 when something is left to do",
          "import setup.json", [&context, arguments] { return import(context, *arguments); });
  imported->add_option("FILE", arguments->file, "The document; - reads standard input")->required();
  imported->add_flag("--accept-unverified", arguments->accept_unverified,
                     "Take over where it opens routes that verify nothing to anybody");
  add_setup(*group, commands);
  for (auto* command : {shown, past, changed, checked, tested, activated, deactivated, removed})
    command->add_option("ID", arguments->id, "The integration's id")->required();
  created->add_option("--plugin", arguments->plugin, "The plugin's id")->required();
  created->add_option("--name", arguments->name, "What it is called; default: as at the provider");
  changed->add_option("--name", arguments->name, "The new name");
  for (auto* command : {created, changed}) arguments->settings.add_to(*command);
  changed->add_flag("--end-former-secrets", arguments->end_former_secrets,
                    "Accept no more what secrets of its routes were before");
  activated->add_flag("--take-over", arguments->take_over,
                      "Also when the provider delivers to another address now");
  activated->add_flag("--accept-unverified", arguments->accept_unverified,
                      "Open routes that verify nothing to anybody");
}

}  // namespace patchbay::cli
