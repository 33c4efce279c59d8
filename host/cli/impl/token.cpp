#include <charconv>
#include <iostream>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/open_store.hpp"
#include "cli/impl/table.hpp"
#include "web/tokens.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

struct Arguments {
  std::string id;
  std::string name;
  std::string scope;
  std::string expires_in;
};

// "90d", "12h", "30m".
std::chrono::minutes duration_of(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string unit(end, text.data() + text.size());
  if (error == std::errc() && count > 0) {
    if (unit == "d") return std::chrono::hours(24) * count;
    if (unit == "h") return std::chrono::hours(count);
    if (unit == "m") return std::chrono::minutes(count);
  }
  throw Error(Code::invalid, Text("cli.bad_duration", {{"text", text}}));
}

// Straight into the store, so that the first token can be had before a host has ever run.
int create(const Context& context, const Arguments& arguments) {
  const auto store = open_store(context.config());
  const SystemClock clock;
  IdMint ids(clock);
  web::Tokens tokens(*store, clock, ids, log::Logger::none());
  web::NewToken wanted(arguments.name, arguments.scope);
  if (!arguments.expires_in.empty()) wanted.expires_at = clock.now() + duration_of(arguments.expires_in);
  const auto made = tokens.create_now(wanted, "command line");
  if (context.json) {
    print_object(json{{"id", to_string_id(made.token.id)}, {"token", made.plain}}, true);
  } else {
    std::cout << made.plain << '\n';
  }
  return kDone;
}

int list(const Context& context) {
  ApiClient api(context.config());
  print_list(api.all("/api/v1/tokens"),
             {"id", "name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"},
             context.json);
  return kDone;
}

int revoke(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  api.remove("/api/v1/tokens/" + arguments.id);
  if (context.json) print_object(json{{"revoked", arguments.id}}, true);
  return kDone;
}

}  // namespace

void add_token(Commands commands) {
  auto* group = commands.app.add_subcommand("token", "Tokens for the API");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  auto* created = group->add_subcommand("create", "Make a token and print it; it is shown this once");
  created->footer(
      "Works while the host runs and while it does not.\n"
      "Example: patchbay token create --name dashboard --scope read --config patchbay.json");
  add_common(*created, commands.context);
  created->add_option("--name", arguments->name, "What it is for")->required();
  created
      ->add_option(
          "--scope", arguments->scope,
          "admin, read, chats, records, processes, integrations, plugins, inbox, status or audit; several "
          "with commas")
      ->required();
  created->add_option("--expires-in", arguments->expires_in, "90d, 12h or 30m; default: never");
  created->callback([commands, arguments] {
    commands.run = [commands, arguments] { return create(commands.context, *arguments); };
  });
  auto* listed = group->add_subcommand("list", "All tokens, without their values");
  listed->footer("Example: patchbay token list --config patchbay.json");
  add_common(*listed, commands.context);
  listed->callback([commands] { commands.run = [commands] { return list(commands.context); }; });
  auto* revoked = group->add_subcommand("revoke", "End a token");
  revoked->footer("Example: patchbay token revoke 7 --config patchbay.json");
  add_common(*revoked, commands.context);
  revoked->add_option("ID", arguments->id, "The token's id")->required();
  revoked->callback([commands, arguments] {
    commands.run = [commands, arguments] { return revoke(commands.context, *arguments); };
  });
}

}  // namespace patchbay::cli
