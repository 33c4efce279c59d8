// patchbay integrations setup: what the console does with forms, by questions (SETUP-1, SETUP-3).
#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/prompt.hpp"
#include "cli/impl/sign_in.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr const char* kIntegrations = "/api/v1/integrations";

struct Arguments {
  std::string plugin;
  std::string name;
  std::string profile;
  std::string draft;
  bool on_device = false;
};

std::string say(const char* id, Text::Args args = {}) {
  return Text(id, std::move(args)).in(language());
}

// Findings without a field of their own end the questions; the others have theirs asked again.
void print_findings(const json& findings) {
  for (const auto& each : findings) {
    std::cout << "! " << each.value("path", each.value("pointer", std::string())) << ": "
              << each.value("summary", each.value("detail", std::string()));
    if (const auto remedy = each.value("remedy", std::string()); !remedy.empty()) std::cout << ". " << remedy;
    std::cout << '\n';
  }
}

class Setup {
 public:
  Setup(const Context& context, const Arguments& arguments)
      : api_(context.config()), arguments_(arguments), as_json_(context.json) {
    if (as_json_) std::cout.rdbuf(std::cerr.rdbuf());  // what is asked is not what is printed
  }
  ~Setup() { std::cout.rdbuf(out_); }
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  int run() {
    const auto draft =
        arguments_.draft.empty() ? begin() : api_.get(std::string(kIntegrations) + "/" + arguments_.draft);
    id_ = draft.at("id").get<std::string>();
    const auto plugin = api_.get("/api/v1/plugins/" + draft.at("plugin").get<std::string>());
    try {
      return plugin.at("has_steps").get<bool>() ? by_steps(plugin) : by_form(plugin);
    } catch (const Error&) {
      std::cout << '\n' << say("cli.draft_stays", {{"id", id_}}) << '\n';
      throw;
    }
  }

 private:
  std::string path(const std::string& rest = "") const {
    return std::string(kIntegrations) + "/" + id_ + rest;
  }

  json begin() {
    const auto plugin = api_.get("/api/v1/plugins/" + arguments_.plugin);
    json wanted = {{"plugin", arguments_.plugin}, {"draft", true}};
    if (!arguments_.name.empty()) wanted["name"] = arguments_.name;
    if (const auto profile = profile_for(plugin); !profile.empty()) wanted["profile"] = profile;
    return api_.post(kIntegrations, wanted);
  }

  // One is chosen, or made when there is none.
  std::string profile_for(const json& plugin) {
    if (!arguments_.profile.empty() || plugin.at("profile_schema").is_null()) return arguments_.profile;
    Options options;
    const auto profiles = api_.all("/api/v1/profiles");
    for (const auto& profile : profiles) {
      if (profile.at("plugin") == plugin.at("id")) options.emplace_back(profile.at("id"), profile.at("name"));
    }
    if (options.size() == 1) return options.front().first;
    if (!options.empty()) return options[ask_which(say("cli.which_profile"), options)].first;
    std::cout << say("cli.new_profile", {{"plugin", plugin.at("title").get<std::string>()}}) << '\n';
    auto settings = json::object();
    ask_form(plugin.at("profile_schema"), settings, {});
    const json wanted = {{"plugin", plugin.at("id")}, {"settings", settings}};
    return api_.post("/api/v1/profiles", wanted).at("id");
  }

  void sign_in(const json& plugin, const std::string& name) {
    sign_in_at(api_, plugin, name, {{"integration", id_}, {"grant", name}}, arguments_.on_device);
  }

  int by_steps(const json& plugin) {
    auto where = api_.get(path("/step"));
    while (!where.at("step").is_null()) {
      const auto& step = where.at("step");
      std::cout << "\n== " << step.at("title").get<std::string>() << '\n';
      if (const auto about = step.value("description", std::string()); !about.empty())
        std::cout << about << '\n';
      const auto grants = api_.get(path()).at("grants");
      if (step.at("sign_in").is_string() && !grants.contains(step.at("sign_in").get<std::string>()))
        sign_in(plugin, step.at("sign_in"));
      where = fill_in(step);
    }
    for (const auto& name : where.at("known"))
      std::cout << say("cli.known_already", {{"name", name}}) << '\n';
    return connect(where.at("made"));
  }

  // Until the plugin takes it: what it finds wrong is asked again.
  json fill_in(const json& step) {
    auto input = json::object();
    for (;;) {
      if (step.at("schema").is_object()) ask_form(step.at("schema"), input, {});
      std::optional<Error> refused;
      try {
        return api_.post(path("/step"), json{{"step", step.at("id")}, {"input", input}});
      } catch (const Error& error) {
        refused = error;
      }
      bool again = false;
      for (const auto& each : refused->diagnostics()) again = forget(each.path, input) || again;
      if (refused->code() != Code::invalid || !again) throw Error(*refused);
      print_error(*refused);
    }
  }

  int by_form(const json& plugin) {
    for (const auto& grant : plugin.at("grants")) {
      if (!api_.get(path()).at("grants").contains(grant.at("name").get<std::string>()))
        sign_in(plugin, grant.at("name"));
    }
    const auto draft = api_.get(path());
    auto settings = draft.at("settings");
    Answering answering;
    answering.choices = [this](const std::string& pointer, const json&) { return choices(pointer); };
    answering.answered = [this](const json& so_far) { api_.patch(path(), json{{"settings", so_far}}); };
    for (const auto& name : draft.at("secrets")) {
      auto pointer = "/" + name.get<std::string>();
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      answering.set.insert(std::move(pointer));
    }
    for (const auto& form = plugin.at("setup_schema");;) {
      if (form.is_object()) ask_form(form, settings, answering);
      const auto report = api_.post(path("/check"), json::object());
      if (report.at("ok").get<bool>()) break;
      print_findings(report.at("diagnostics"));
      if (!ask_again(report.at("diagnostics"), settings)) return kBadInput;
    }
    return connect(json::array({api_.post(path("/finish"), json::object())}));
  }

  Options choices(const std::string& pointer) {
    Options out;
    const auto answer = api_.post(path("/choices"), json{{"path", pointer}});
    for (const auto& choice : answer.at("choices")) out.emplace_back(choice.at("value"), choice.at("title"));
    return out;
  }

  // False: it was not asked for.
  static bool forget(const std::string& pointer, json& value) {
    if (!pointer.starts_with('/')) return false;
    const json::json_pointer at(pointer);
    if (!value.contains(at)) return false;
    value.at(at.parent_pointer()).erase(at.back());
    return true;
  }

  // Forgets what was found wrong, so that it is asked for again. False: none of it was asked for.
  static bool ask_again(const json& findings, json& settings) {
    bool any = false;
    for (const auto& each : findings) any = forget(each.at("path").get<std::string>(), settings) || any;
    return any;
  }

  int connect(const json& made) {
    auto connected = json::array();
    int code = kDone;
    for (const auto& each : made) {
      try {
        connected.push_back(
            api_.post(std::string(kIntegrations) + "/" + each.at("id").get<std::string>() + "/activate",
                      json::object()));
      } catch (const Error& error) {
        std::cout << each.at("name").get<std::string>() << ": ";
        print_error(error);
        code = exit_code_of(error);
      }
    }
    std::cout << '\n';
    std::cout.rdbuf(out_);
    print_list(connected, {"id", "plugin", "name", "state", "title"}, as_json_);
    return code;
  }

  ApiClient api_;
  const Arguments& arguments_;
  const bool as_json_;
  std::streambuf* const out_ = std::cout.rdbuf();
  std::string id_;
};

}  // namespace

void add_setup(CLI::App& group, Commands commands) {
  const auto arguments = std::make_shared<Arguments>();
  auto* command = group.add_subcommand("setup", "Add and connect an integration by questions");
  command->footer("Example: patchbay integrations setup --plugin echo --config patchbay.json");
  add_common(*command, commands.context);
  command->add_option("--plugin", arguments->plugin, "The plugin's id");
  command->add_option("--name", arguments->name, "What it is called; default: as at the provider");
  command->add_option("--profile", arguments->profile, "The id of the profile to use");
  command->add_option("--draft", arguments->draft, "The id of a draft to go on with, instead of --plugin");
  command->add_flag("--device", arguments->on_device,
                    "Sign in with a code that is entered on another device");
  const auto& context = commands.context;
  command->callback([commands, arguments, &context] {
    if (arguments->plugin.empty() == arguments->draft.empty())
      throw CLI::ValidationError("Give either --plugin or --draft");
    commands.run = [arguments, &context] { return Setup(context, *arguments).run(); };
  });
}

}  // namespace patchbay::cli
