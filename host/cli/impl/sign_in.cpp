#include "cli/impl/sign_in.hpp"

#include <chrono>
#include <iostream>
#include <thread>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/prompt.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

constexpr auto kPoll = std::chrono::seconds(1);

std::string say(const char* id, Text::Args args) {
  return Text(id, std::move(args)).in(language());
}

json ask_login(const std::string& title) {
  const json text = {{"type", "string"}, {"minLength", 1}};
  json form = {{"type", "object"}, {"required", {"user", "password"}}};
  form["properties"] = {{"user", text}, {"password", text}};
  form["properties"]["user"].update({{"title", say("cli.grant_user", {{"grant", title}})}, {"x-order", 1}});
  form["properties"]["password"].update(
      {{"title", say("cli.grant_password", {{"grant", title}})}, {"x-order", 2}, {"x-secret", true}});
  auto login = json::object();
  ask_form(form, login, {});
  return login;
}

void say_where(const json& shown, bool on_device) {
  const auto address = shown.at("address").get<std::string>();
  std::cout << '\n'
            << (on_device ? say("cli.enter_code", {{"code", shown.at("user_code")}, {"address", address}})
                          : say("cli.open_address", {{"address", address}}))
            << std::endl;
}

}  // namespace

void sign_in_at(ApiClient& api, const json& plugin, const std::string& grant, json wanted, bool on_device) {
  bool by_password = false;
  std::string title = grant;
  for (const auto& each : plugin.at("grants")) {
    if (each.at("name") != grant) continue;
    by_password = each.at("ways") == json::array({"password"});
    title = each.at("title").get<std::string>();
  }
  wanted["way"] = by_password ? "password" : on_device ? "device" : "code";
  if (by_password) wanted.update(ask_login(title));
  auto shown = api.post("/api/v1/sign-ins", wanted);
  if (!by_password) say_where(shown, on_device);
  const auto where = "/api/v1/sign-ins/" + shown.at("id").get<std::string>();
  while (shown.at("state") == "waiting" || shown.at("state") == "exchanging") {
    std::this_thread::sleep_for(kPoll);
    shown = api.get(where);
  }
  if (shown.at("state") != "done") throw Error(Code::invalid, Text::verbatim(shown.at("reason")));
}

}  // namespace patchbay::cli
