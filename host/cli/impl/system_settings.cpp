#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/prompt.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

struct Arguments {
  std::string code;
  std::string value;
  std::string file;
  bool is_cleared = false;
  CLI::Option* given = nullptr;
};

std::string path_of(const Arguments& arguments) {
  return "/api/v1/settings/" + arguments.code;
}

int list(const Context& context) {
  ApiClient api(context.config());
  print_list(api.get("/api/v1/settings").at("settings"),
             {"code", "type", "value", "is_set", "updated_at", "updated_by", "title"}, context.json);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get(path_of(arguments)), context.json);
  return kDone;
}

// As the type wants it; what is none of that type goes as text, and the host says what it must be.
json as_type(const std::string& type, const std::string& value) {
  if (type == "yes_no" && (value == "yes" || value == "true")) return true;
  if (type == "yes_no" && (value == "no" || value == "false")) return false;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  return type == "number" && whole ? json(number) : json(value);
}

json upload(ApiClient& api, const Arguments& arguments) {
  std::ifstream in(arguments.file, std::ios::binary);
  if (!in) throw Error(Code::not_found, Text("config.no_file", {{"file", arguments.file}}));
  const std::string content(std::istreambuf_iterator<char>(in), {});
  return api.upload(path_of(arguments) + "/file", std::filesystem::path(arguments.file).filename().string(),
                    content);
}

int set(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  json changed;
  if (!arguments.file.empty()) {
    changed = upload(api, arguments);
  } else {
    const auto type = api.get(path_of(arguments)).at("type").get<std::string>();
    json value;
    if (arguments.given->count() > 0)
      value = as_type(type, arguments.value);
    else if (!arguments.is_cleared)
      value = as_type(type, ask_secret(Text("cli.ask_setting", {{"code", arguments.code}})));
    changed = api.put(path_of(arguments), {{"value", value}});
  }
  print_object(changed, context.json);
  return kDone;
}

}  // namespace

void add_system_settings(Commands commands) {
  auto* group = commands.app.add_subcommand("settings", "System settings");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  auto* listed = group->add_subcommand("list", "All settings; of secrets only whether they are set");
  listed->footer("Example: patchbay settings list --config patchbay.json");
  add_common(*listed, commands.context);
  listed->callback([commands] { commands.run = [commands] { return list(commands.context); }; });
  auto* shown = group->add_subcommand("get", "One setting");
  shown->footer("Example: patchbay settings get SiteUrl --config patchbay.json");
  add_common(*shown, commands.context);
  shown->add_option("CODE", arguments->code, "Of the setting")->required();
  shown->callback([commands, arguments] {
    commands.run = [commands, arguments] { return show(commands.context, *arguments); };
  });
  auto* changed = group->add_subcommand(
      "set", "Change a setting; without a value it is asked for, or read from standard input");
  changed->footer(
      "Example: patchbay settings set SiteUrl https://desk.example.org --config patchbay.json\n"
      "         patchbay settings set OmniChatNotificationSound --file bell.mp3 --config patchbay.json");
  add_common(*changed, commands.context);
  changed->add_option("CODE", arguments->code, "Of the setting")->required();
  arguments->given = changed->add_option("VALUE", arguments->value, "Secrets are best left out here");
  auto* file = changed->add_option("--file", arguments->file, "Of a setting that holds a file");
  auto* cleared = changed->add_flag("--clear", arguments->is_cleared,
                                    "Back to the default; of secrets and files: not set");
  file->excludes(arguments->given, cleared);
  cleared->excludes(arguments->given);
  changed->callback([commands, arguments] {
    commands.run = [commands, arguments] { return set(commands.context, *arguments); };
  });
}

}  // namespace patchbay::cli
