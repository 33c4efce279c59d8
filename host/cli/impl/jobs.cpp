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
  std::string integration;
  int limit = 20;
};

int list(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  std::string path = "/api/v1/jobs";
  if (!arguments.integration.empty()) path += "?integration=" + arguments.integration;
  print_list(api.all(path),
             {"id", "integration", "name", "schedule", "state", "due_at", "failures", "last_run.outcome",
              "last_run.records", "last_run.reason.text"},
             context.json);
  return kDone;
}

int runs(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto path = "/api/v1/jobs/" + arguments.id + "/runs?limit=" + std::to_string(arguments.limit);
  print_list(api.get(path).at("items"),
             {"id", "cause", "outcome", "started_at", "finished_at", "records", "known", "refused",
              "progress.remaining_ms", "reason.text"},
             context.json);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get("/api/v1/jobs/" + arguments.id), context.json);
  return kDone;
}

int act(const Context& context, const Arguments& arguments, const std::string& action) {
  ApiClient api(context.config());
  print_object(api.post("/api/v1/jobs/" + arguments.id + "/" + action, json::object()), context.json);
  return kDone;
}

}  // namespace

void add_jobs(Commands commands) {
  auto* group = commands.app.add_subcommand("jobs", "What runs for integrations again and again");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  const auto add = [&](const char* name, const char* help, const char* example, std::function<int()> run) {
    auto* command = group->add_subcommand(name, help);
    command->footer(std::string("Example: patchbay jobs ") + example + " --config patchbay.json");
    add_common(*command, commands.context);
    command->callback([commands, run = std::move(run)] { commands.run = run; });
    return command;
  };
  const auto& context = commands.context;
  auto* listed = add("list", "Jobs and how they are", "list",
                     [&context, arguments] { return list(context, *arguments); });
  listed->add_option("--integration", arguments->integration, "Only of this integration");
  auto* history = add("runs", "The last runs of a job", "runs 7",
                      [&context, arguments] { return runs(context, *arguments); });
  history->add_option("--limit", arguments->limit, "At most so many")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  auto* shown = add("show", "One job", "show 7", [&context, arguments] { return show(context, *arguments); });
  std::vector<CLI::App*> with_id = {history, shown};
  for (const auto& [name, help] :
       {std::pair("run", "Run it now"), std::pair("pause", "No run until resumed"),
        std::pair("resume", "Run again"), std::pair("reset", "Forget how far it has come")}) {
    with_id.push_back(
        add(name, help, (std::string(name) + " 7").c_str(),
            [&context, arguments, action = std::string(name)] { return act(context, *arguments, action); }));
  }
  for (auto* command : with_id) command->add_option("ID", arguments->id, "The job's id")->required();
}

}  // namespace patchbay::cli
