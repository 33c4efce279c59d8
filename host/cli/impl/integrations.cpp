#include <fstream>
#include <iostream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr const char* kPath = "/api/v1/integrations";

struct Arguments {
  std::string id;
  std::string plugin;
  std::string name;
  std::string settings_file;
  std::vector<std::string> set;
  bool take_over = false;
};

// Settings from a file ("-" is standard input, so that secrets stay out of the process list), then --set
// KEY=VALUE over it.
json settings_from(const Arguments& arguments) {
  json settings = json::object();
  if (!arguments.settings_file.empty()) {
    std::ifstream file(arguments.settings_file);
    std::istream& in = arguments.settings_file == "-" ? std::cin : file;
    if (!in) throw Error(Code::not_found, Text("config.no_file", {{"file", arguments.settings_file}}));
    settings = json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
    if (!settings.is_object())
      throw Error(Code::invalid, Text("cli.settings_no_object", {{"file", arguments.settings_file}}));
  }
  for (const auto& entry : arguments.set) {
    const auto equals = entry.find('=');
    if (equals == entry.npos) throw Error(Code::invalid, Text("cli.set_needs_value", {{"entry", entry}}));
    settings[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return settings;
}

int create(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const json body = {
      {"plugin", arguments.plugin}, {"name", arguments.name}, {"settings", settings_from(arguments)}};
  print_object(api.post(kPath, body), context.json);
  return kDone;
}

int change(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json body = {{"settings", settings_from(arguments)}};
  if (!arguments.name.empty()) body["name"] = arguments.name;
  print_object(api.patch(std::string(kPath) + "/" + arguments.id, body), context.json);
  return kDone;
}

int check(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto report = api.post(std::string(kPath) + "/" + arguments.id + "/check", json::object());
  print_object(report, context.json);
  return report.at("ok").get<bool>() ? kDone : kBadInput;
}

int act(const Context& context, const Arguments& arguments, const std::string& action) {
  ApiClient api(context.config());
  json body = json::object();
  if (arguments.take_over) body["take_over"] = true;
  print_object(api.post(std::string(kPath) + "/" + arguments.id + "/" + action, body), context.json);
  return kDone;
}

int list(const Context& context) {
  ApiClient api(context.config());
  json items = json::array();
  std::string next;
  do {
    const auto page = api.get(std::string(kPath) + "?limit=500" + (next.empty() ? "" : "&cursor=" + next));
    items.insert(items.end(), page.at("items").begin(), page.at("items").end());
    next = page.at("next").is_string() ? page.at("next").get<std::string>() : std::string();
  } while (!next.empty());
  print_list(items, {"id", "plugin", "name", "state", "title", "reason.text"}, context.json);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get(std::string(kPath) + "/" + arguments.id), context.json);
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
  auto* created = add("create", "Add an integration; secrets are best given with --settings -",
                      "create --plugin echo --name Test --settings -",
                      [&context, arguments] { return create(context, *arguments); });
  auto* changed =
      add("change", "Change name or settings; what is not named stays", "change 7 --set mode=polling",
          [&context, arguments] { return change(context, *arguments); });
  auto* checked = add("check", "Live test; exit code 65 when it does not work", "check 7",
                      [&context, arguments] { return check(context, *arguments); });
  auto* activated = add("activate", "Connect to the provider", "activate 7",
                        [&context, arguments] { return act(context, *arguments, "activate"); });
  auto* deactivated = add("deactivate", "Disconnect from the provider", "deactivate 7",
                          [&context, arguments] { return act(context, *arguments, "deactivate"); });
  for (auto* command : {shown, changed, checked, activated, deactivated})
    command->add_option("ID", arguments->id, "The integration's id")->required();
  created->add_option("--plugin", arguments->plugin, "The plugin's id")->required();
  created->add_option("--name", arguments->name, "What it is called")->required();
  changed->add_option("--name", arguments->name, "The new name");
  for (auto* command : {created, changed}) {
    command->add_option("--settings", arguments->settings_file,
                        "JSON file with settings; - reads standard input");
    command->add_option("--set", arguments->set, "KEY=VALUE, may be repeated");
  }
  activated->add_flag("--take-over", arguments->take_over,
                      "Also when the provider delivers to another address now");
}

}  // namespace patchbay::cli
