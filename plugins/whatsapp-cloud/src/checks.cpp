#include "checks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace whatsapp {
namespace {

using meta::Destination;
using meta::Subscription;
using patchbay::CheckReply;
using patchbay::Configuration;
using patchbay::Diagnostic;
using patchbay::Error;
using patchbay::Task;

constexpr const char* kScopes[] = {"whatsapp_business_messaging", "whatsapp_business_management"};

// One question after the other: what is wrong with an earlier one would make later answers misleading.
class Check {
 public:
  Check(const Configuration& configuration, Line& line, const Remote& remote)
      : configuration_(configuration), line_(line), remote_(remote) {}

  Task<CheckReply> run() {
    const bool asked = co_await ask_app();
    if (!asked) co_return std::move(reply_);
    const bool may = co_await ask_token();
    if (!may) co_return std::move(reply_);
    const bool known = co_await ask_line();
    if (!known) co_return std::move(reply_);
    co_await ask_account();
    co_await ask_address();
    co_return std::move(reply_);
  }

 private:
  void say(const char* path, const std::string& id, const Json& args = Json::object()) {
    reply_.diagnostics.push_back(finding(path, id, args));
  }
  void warn(const char* path, const std::string& id, const Json& args = Json::object()) {
    reply_.diagnostics.push_back(finding(path, id, args).as_warning());
  }

  // The first call: it shows whether Meta is there, takes the token, and the proof by the secret.
  Task<bool> ask_app() {
    std::optional<Error> failed;
    try {
      co_await line_.know_app();
    } catch (const Error& error) {
      failed = error;
    }
    if (failed) explain(std::move(*failed));
    co_return reply_.diagnostics.empty();
  }

  void explain(Error error) {
    const std::string base = line_.graph().place().base;
    const Json where = {{"address", base}, {"why", error.text}};
    const bool proof = error.text.find("appsecret_proof") != std::string::npos;
    if (meta::code_in(error) == 100 && proof) return say("/app_secret", "whatsapp.secret_wrong");
    if (error.code == PB_UNAUTHENTICATED) return say("/access_token", "whatsapp.token_wrong");
    if (error.code == PB_DENIED) return say("/graph_base", "whatsapp.not_allowed", where);
    if (error.code == PB_UNAVAILABLE || error.code == PB_DEADLINE)
      error.with(finding("/graph_base", "whatsapp.unreachable", where));
    throw std::move(error);
  }

  Task<bool> ask_token() {
    std::optional<Error> failed;
    Json token;
    try {
      token = co_await line_.about_token();
    } catch (const Error& error) {
      failed = error;
    }
    if (failed) {
      const bool refused = failed->code == PB_UNAUTHENTICATED || failed->code == PB_INVALID;
      if (!refused) throw std::move(*failed);
      say("/app_secret", "whatsapp.secret_wrong");
      co_return false;
    }
    judge_token(token);
    co_return reply_.diagnostics.empty();
  }

  void judge_token(const Json& token) {
    if (has(token, "is_valid") && !flag_of(token, "is_valid"))
      return say("/access_token", "whatsapp.token_wrong");
    const Json& scopes = list_of(token, "scopes");
    for (const char* wanted : kScopes) {
      if (std::find(scopes.begin(), scopes.end(), Json(wanted)) == scopes.end())
        say("/access_token", "whatsapp.without_permission", {{"permission", wanted}});
    }
    const auto ends = number_of(token, "expires_at");
    if (ends && *ends > 0) {  // 0: never
      reply_.facts["expires_at"] = time_text(*ends * 1000);
      ends_at_ = time_text(*ends * 1000);
    }
  }

  Task<bool> ask_line() {
    std::optional<Error> failed;
    try {
      co_await line_.ask();
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code != PB_NOT_FOUND && meta::code_in(*failed) != 100) throw std::move(*failed);
    const LineState& now = line_.state();
    if (failed || now.number.empty()) {
      say("/phone_number_id", "whatsapp.no_number", {{"id", line_.phone()}});
      co_return false;
    }
    reply_.identity = line_.identity();
    reply_.title = now.name.empty() ? now.number : now.name;
    put(reply_.facts, "number", now.number);
    put(reply_.facts, "quality", now.quality);
    put(reply_.facts, "state", now.state);
    if (!ends_at_.empty()) warn("/access_token", "whatsapp.token_ends", {{"at", ends_at_}});
    if (const std::string trouble = now.trouble(); !trouble.empty())
      warn("/phone_number_id", trouble, {{"state", now.state}, {"number", now.number}});
    co_return true;
  }

  Task<void> ask_account() {
    std::optional<Error> failed;
    std::vector<std::string> numbers;
    try {
      numbers = co_await line_.numbers();
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && failed->code != PB_NOT_FOUND && failed->code != PB_INVALID) throw std::move(*failed);
    const Json args = {{"id", line_.account()}, {"number", line_.state().number}};
    if (failed)
      say("/account_id", "whatsapp.no_account", args);
    else if (std::find(numbers.begin(), numbers.end(), line_.phone()) == numbers.end())
      say("/account_id", "whatsapp.not_of_account", args);
  }

  Task<void> ask_address() {
    const patchbay::RemoteRequest nothing(Json::object());
    const Destination wanted(configuration_, nothing);
    put(reply_.facts, "webhook", wanted.address);
    const std::string site = wanted.address.empty() ? configuration_.site_url : wanted.address;
    if (site.empty())
      say("", "whatsapp.site_url_missing");
    else if (site.compare(0, 8, "https://") != 0)
      say("", "whatsapp.site_url_not_https", {{"address", site}});
    const std::string now = line_.state().callback();
    if (!now.empty() && !wanted.is_ours(now))  // CHAT-26: a warning; connecting stops and asks
      warn("/phone_number_id", "whatsapp.foreign_callback", {{"address", meta::harmless_address(now)}});
    const Subscription app = co_await remote_.of_app();
    if (!app.complete && !app.callback.empty() && !wanted.is_ours(app.callback))
      warn("", "whatsapp.field_off", {{"address", meta::harmless_address(app.callback)}});
  }

  const Configuration& configuration_;
  Line& line_;
  const Remote& remote_;
  CheckReply reply_;
  std::string ends_at_;
};

}  // namespace

Task<CheckReply> check_line(Configuration configuration, Line& line, const Remote& remote) {
  Check check(configuration, line, remote);
  CheckReply reply = co_await check.run();
  co_return reply;
}

}  // namespace whatsapp
