#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr std::int64_t kForEver = 253402300799000;  // the end of the year 9999

struct Arguments {
  std::string id;
  std::vector<std::string> ids;
  bool dead = false;
  std::string from;
  std::string to;
  std::string state = "dead";
  std::string integration;
  std::string profile;
  int limit = 100;
};

int list(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  auto path = "/api/v1/inbox?state=" + arguments.state + "&limit=" + std::to_string(arguments.limit);
  if (!arguments.integration.empty()) path += "&integration=" + arguments.integration;
  if (!arguments.profile.empty()) path += "&profile=" + arguments.profile;
  print_list(api.get(path).at("items"),
             {"id", "integration", "profile", "route", "received_at", "state", "attempts", "reason"},
             context.json);
  return kDone;
}

int show(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.get("/api/v1/inbox/" + arguments.id), context.json);
  return kDone;
}

int discard(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  print_object(api.post("/api/v1/inbox/" + arguments.id + "/discard", json::object()), context.json);
  return kDone;
}

std::int64_t time_of(const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  const auto time = parse_rfc3339(text);
  if (!time) throw Error(Code::invalid, Text("cli.no_time", {{"given", text}}));
  return time->time_since_epoch().count();
}

// Those that are named, or the dead letters of a period.
int replay(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  if (arguments.ids.empty() && !arguments.dead) throw Error(Code::invalid, Text("cli.replay_what"));
  if (arguments.dead) {
    json period = {{"from", time_of(arguments.from, 0)}, {"to", time_of(arguments.to, kForEver)}};
    if (!arguments.integration.empty()) period["integration"] = arguments.integration;
    if (!arguments.profile.empty()) period["profile"] = arguments.profile;
    print_object(api.post("/api/v1/inbox/replay", period), context.json);
    return kDone;
  }
  json replayed = json::array();
  for (const auto& id : arguments.ids)
    replayed.push_back(api.post("/api/v1/inbox/" + id + "/replay", json::object()));
  print_list(replayed, {"id", "integration", "profile", "route", "state"}, context.json);
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
  auto* replayed = add("replay", "Process some again: those that are named, or the dead letters of a period",
                       "replay --dead --from 2026-11-01T00:00:00Z",
                       [&context, arguments] { return replay(context, *arguments); });
  auto* discarded = add("discard", "Give one up", "discard 7",
                        [&context, arguments] { return discard(context, *arguments); });
  auto* named = replayed->add_option("ID", arguments->ids, "Their ids");
  auto* dead = replayed->add_flag("--dead", arguments->dead, "All dead letters instead")->excludes(named);
  replayed->add_option("--from", arguments->from, "Received then or later (RFC 3339)")->needs(dead);
  replayed->add_option("--to", arguments->to, "Received before")->needs(dead);
  for (auto* command : {listed, replayed}) {
    auto* integration =
        command->add_option("--integration", arguments->integration, "Only of this integration");
    command->add_option("--profile", arguments->profile, "Only what came to routes of this profile")
        ->excludes(integration);
  }
  replayed->get_option("--integration")->needs(dead);
  replayed->get_option("--profile")->needs(dead);
  listed->add_option("--state", arguments->state, "new, done or dead")
      ->check(CLI::IsMember({"new", "done", "dead"}))
      ->capture_default_str();
  listed->add_option("--limit", arguments->limit, "At most so many")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  for (auto* command : {shown, discarded})
    command->add_option("ID", arguments->id, "The request's id")->required();
}

}  // namespace patchbay::cli
