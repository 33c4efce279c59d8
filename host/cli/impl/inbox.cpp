#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

struct Arguments {
  std::string id;
  std::string state = "dead";
  std::string integration;
  int limit = 100;
};

int list(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  auto path = "/api/v1/inbox?state=" + arguments.state + "&limit=" + std::to_string(arguments.limit);
  if (!arguments.integration.empty()) path += "&integration=" + arguments.integration;
  print_list(api.get(path).at("items"),
             {"id", "integration", "route", "received_at", "state", "attempts", "reason"}, context.json);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get("/api/v1/inbox/" + arguments.id), context.json);
  return kDone;
}

int act(const Context& context, const Arguments& arguments, const std::string& action) {
  ApiClient api(context.config());
  print_object(api.post("/api/v1/inbox/" + arguments.id + "/" + action, json::object()), context.json);
  return kDone;
}

}  // namespace

void add_inbox(Commands commands) {
  auto* group = commands.app.add_subcommand("inbox", "Stored webhooks: waiting, done and dead letters");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* help, const char* example, std::function<int()> run) {
    auto* command = group->add_subcommand(name, help);
    command->footer(std::string("Example: patchbay inbox ") + example + " --config patchbay.json");
    add_common(*command, commands.context);
    command->callback([commands, run = std::move(run)] { commands.run = run; });
    return command;
  };
  const auto& context = commands.context;
  auto* listed = add("list", "Requests in one state", "list --state dead",
                     [&context, arguments] { return list(context, *arguments); });
  auto* shown = add("show", "One request with headers and body", "show 7",
                    [&context, arguments] { return show(context, *arguments); });
  auto* replayed = add("replay", "Process one again", "replay 7",
                       [&context, arguments] { return act(context, *arguments, "replay"); });
  auto* discarded = add("discard", "Give one up", "discard 7",
                        [&context, arguments] { return act(context, *arguments, "discard"); });
  listed->add_option("--state", arguments->state, "new, done or dead")
      ->check(CLI::IsMember({"new", "done", "dead"}))
      ->capture_default_str();
  listed->add_option("--integration", arguments->integration, "Only of this integration");
  listed->add_option("--limit", arguments->limit, "At most so many")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  for (auto* command : {shown, replayed, discarded})
    command->add_option("ID", arguments->id, "The request's id")->required();
}

}  // namespace patchbay::cli
