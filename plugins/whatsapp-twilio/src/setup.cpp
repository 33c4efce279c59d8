#include "setup.hpp"

#include <optional>
#include <utility>

#include "api_error.hpp"
#include "checks.hpp"

namespace twilio {
namespace {

using patchbay::Configuration;
using patchbay::Error;
using patchbay::NewIntegration;
using patchbay::StepReply;
using patchbay::StepRequest;
using patchbay::string_at;
using patchbay::Task;

// Together less than the host gives a step (30 s).
constexpr int kLooks = 15;
constexpr std::int64_t kBetweenLooksMs = 1'000;

StepReply titled(const std::string& id) {
  StepReply reply(id, english("step." + id + ".title"));
  reply.description = english("step." + id + ".description");
  return reply;
}

// The fields of the settings that a person must know; the rest is for those who look for it.
StepReply account_step() {
  const Json all = patchbay::built_in("schema/setup.json").at("properties");
  Json fields = Json::object();
  for (const char* name : {"phone_number", "verification_number", "account_sid", "auth_token"})
    fields[name] = all.at(name);
  StepReply reply = titled("account");
  reply.schema = {{"type", "object"},
                  {"additionalProperties", false},
                  {"required", {"phone_number", "verification_number", "account_sid", "auth_token"}},
                  {"properties", std::move(fields)}};
  return reply;
}

StepReply arrival_step(Json state) {
  Json titles = Json::object();
  for (const char* value : {"wait", "change"})
    titles[value] = english(std::string("step.arrival.then.value.") + value);
  const Json then = {{"type", "string"},
                     {"title", english("step.arrival.then.title")},
                     {"enum", {"wait", "change"}},
                     {"default", "wait"},
                     {"x-titles", std::move(titles)}};
  StepReply reply = titled("arrival");
  reply.schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", {{"then", then}}}};
  reply.state = std::move(state);
  return reply;
}

// An address to copy: a field that holds nothing else.
Json address_field(const char* name, const std::string& address, int order) {
  return {{"type", "string"},  {"title", english(std::string("step.webhook.") + name + ".title")},
          {"enum", {address}}, {"default", address},
          {"readOnly", true},  {"x-order", order}};
}

StepReply webhook_step(Json state, const Configuration& configuration) {
  StepReply reply = titled("webhook");
  Json fields = Json::object();
  fields["message_address"] = address_field("message_address", route_of(configuration.routes, "message"), 1);
  fields["status_address"] = address_field("status_address", route_of(configuration.routes, "status"), 2);
  reply.schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(fields)}};
  reply.state = std::move(state);
  return reply;
}

StepReply done(Json settings, const std::string& name, const Account& account) {
  NewIntegration made(name, account.identity(), std::move(settings));
  std::vector<NewIntegration> all;
  all.push_back(std::move(made));
  return StepReply(std::move(all));
}

}  // namespace

Task<StepReply> Setup::step(StepRequest request, Configuration configuration) {
  if (request.step.empty()) co_return account_step();
  Json settings = request.step == "account" ? request.input : request.state.value("settings", Json::object());
  for (const auto& [key, value] : request.settings.items()) {
    if (!settings.contains(key)) settings[key] = value;
  }
  api_.use(Account(settings));
  std::string name = request.state.is_object() ? string_at(request.state, "name") : std::string();
  if (request.step == "webhook") co_return done(std::move(settings), name, api_.account());
  if (string_at(request.input, "then") == "change") co_return account_step();

  std::string sid = request.state.is_object() ? string_at(request.state, "message") : std::string();
  if (request.step == "account") {
    Configuration now = configuration;
    name = co_await check(std::move(now));
    std::string to = string_at(settings, "verification_number");
    sid = co_await send_verification(std::move(to), configuration.site_url);
  }
  std::string wanted = sid;
  const bool arrived = co_await has_arrived(std::move(wanted));
  if (!arrived) {
    Json state = {{"settings", std::move(settings)}, {"message", sid}, {"name", name}};
    co_return arrival_step(std::move(state));
  }
  StepReply reply = co_await after_arrival(std::move(settings), std::move(name), std::move(configuration));
  co_return reply;
}

Task<std::string> Setup::check(Configuration configuration) {
  const patchbay::CheckReply found = co_await check_account(std::move(configuration), api_, senders_);
  std::optional<Error> wrong;
  for (const patchbay::Diagnostic& each : found.diagnostics) {
    if (each.severity != "error") continue;
    if (!wrong) wrong = Error(PB_INVALID, each.summary).with_text(each.text_id, each.args);
    wrong->with(each);
  }
  if (wrong) throw std::move(*wrong);
  co_return found.title;
}

Error Setup::not_arrived(const Error& why) const {
  Error error(PB_INVALID, why.text);
  error.with_text(why.text_id, why.args);
  const int code = code_in(why);
  const bool is_sender = code == 63007 || code == 21212 || code == 21606;
  const char* field = is_sender ? "/phone_number" : "/verification_number";
  error.with(finding(field, why.text_id, why.args));
  return error;
}

Task<std::string> Setup::send_verification(std::string to, std::string site_url) const {
  Form form;
  form.add("To", "whatsapp:" + to).add("From", api_.account().address());
  form.add("Body", english("twilio.verification_text", {{"name", site_url.empty() ? "Patchbay" : site_url}}));
  std::optional<Error> failed;
  Json made;
  try {
    std::string url = api_.resource("/Messages");
    made = co_await api_.post(std::move(url), std::move(form));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed && code_in(*failed) == 0) throw std::move(*failed);
  if (failed) throw not_arrived(*failed);
  co_return string_at(made, "sid");
}

Task<bool> Setup::has_arrived(std::string sid) const {
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) co_await host_.sleep(kBetweenLooksMs);
    std::string url = api_.resource("/Messages/" + percent_encoded(sid));
    const Json message = co_await api_.get(std::move(url));
    const std::string status = string_at(message, "status");
    if (status == "delivered" || status == "read") co_return true;
    if (status != "failed" && status != "undelivered") continue;
    const Json code = message.value("error_code", Json());
    const Error why =
        failure_of_code(code.is_number_integer() ? code.get<int>() : 0, string_at(message, "error_message"));
    throw not_arrived(why);
  }
  co_return false;
}

Task<StepReply> Setup::after_arrival(Json settings, std::string name, Configuration configuration) const {
  const Found found = co_await senders_.find();
  if (found.sender) co_return done(std::move(settings), name, api_.account());
  Json state = {{"settings", std::move(settings)}, {"name", name}};
  co_return webhook_step(std::move(state), configuration);
}

}  // namespace twilio
