#include <memory>
#include <string>
#include <vector>

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
  std::string login;
  std::string name;
  std::vector<std::string> grants;
};

json find(ApiClient& api, const std::string& login) {
  for (auto& user : api.all("/api/v1/users")) {
    if (user.at("login") == login) return std::move(user);
  }
  throw Error(Code::not_found, Text("cli.no_user", {{"login", login}}));
}

int create(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto made =
      api.post("/api/v1/users", {{"login", arguments.login},
                                 {"name", arguments.name.empty() ? arguments.login : arguments.name},
                                 {"operations", arguments.grants}});
  print_object(made, context.json);
  return kDone;
}

int set_password(const Context& context, const Arguments& arguments) {
  ApiClient api(context.config());
  const auto user = find(api, arguments.login);
  const auto password = ask_secret(Text("cli.ask_password", {{"login", arguments.login}}));
  api.post("/api/v1/users/" + user.at("id").get<std::string>() + "/password", {{"password", password}});
  if (context.json) print_object(json{{"password_set", arguments.login}}, true);
  return kDone;
}

int list(const Context& context) {
  ApiClient api(context.config());
  print_list(api.all("/api/v1/users"), {"id", "login", "name", "email", "active", "operations"},
             context.json);
  return kDone;
}

}  // namespace

void add_users(Commands commands) {
  auto* group = commands.app.add_subcommand("user", "People who sign in");
  group->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  auto* created = group->add_subcommand("create", "Add a user; give a password with `user password`");
  created->footer(
      "Example: patchbay user create --login ana --name \"Ana Lima\" --grant CanManageAdministration "
      "--config patchbay.json");
  add_common(*created, commands.context);
  created->add_option("--login", arguments->login, "What the user signs in with")->required();
  created->add_option("--name", arguments->name, "What people see; default: the login");
  created->add_option(
      "--grant", arguments->grants,
      "CanManageAdministration, CanManageChats, CanManagePlugins, ...; may be given several times");
  created->callback([commands, arguments] {
    commands.run = [commands, arguments] { return create(commands.context, *arguments); };
  });
  auto* password = group->add_subcommand(
      "password", "Set a user's password; it is asked for, or read from standard input");
  password->footer("Example: patchbay user password ana --config patchbay.json");
  add_common(*password, commands.context);
  password->add_option("LOGIN", arguments->login, "Whose")->required();
  password->callback([commands, arguments] {
    commands.run = [commands, arguments] { return set_password(commands.context, *arguments); };
  });
  auto* listed = group->add_subcommand("list", "All users");
  listed->footer("Example: patchbay user list --config patchbay.json");
  add_common(*listed, commands.context);
  listed->callback([commands] { commands.run = [commands] { return list(commands.context); }; });
}

}  // namespace patchbay::cli
