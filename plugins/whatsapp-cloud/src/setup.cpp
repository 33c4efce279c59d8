#include "setup.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "checks.hpp"

namespace whatsapp {
namespace {

using patchbay::CheckReply;
using patchbay::Configuration;
using patchbay::Diagnostic;
using patchbay::Error;
using patchbay::NewIntegration;
using patchbay::StepReply;
using patchbay::StepRequest;
using patchbay::Task;

StepReply titled(const std::string& id) {
  StepReply reply(id, english("step." + id + ".title"));
  reply.description = english("step." + id + ".description");
  return reply;
}

// The fields that a person must know; the rest is for those who look for it.
StepReply account_step() {
  const Json schema = patchbay::built_in("schema/setup.json");
  Json fields = Json::object();
  for (const Json& name : schema.at("required"))
    fields[name.get<std::string>()] = schema.at("properties").at(name.get<std::string>());
  StepReply reply = titled("account");
  reply.schema = {{"type", "object"},
                  {"additionalProperties", false},
                  {"required", schema.at("required")},
                  {"properties", std::move(fields)}};
  return reply;
}

// An address to copy: a field that holds nothing else.
StepReply webhook_step(const std::string& address, Json state) {
  StepReply reply = titled("webhook");
  const Json field = {{"type", "string"},
                      {"title", english("step.webhook.address.title")},
                      {"enum", {address}},
                      {"default", address},
                      {"readOnly", true}};
  reply.schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", {{"address", field}}}};
  reply.state = std::move(state);
  return reply;
}

StepReply done(Json settings, const std::string& name, const std::string& identity) {
  std::vector<NewIntegration> all;
  all.emplace_back(name, identity, std::move(settings));
  return StepReply(std::move(all));
}

void refuse_wrong(const CheckReply& found) {
  std::optional<Error> wrong;
  for (const Diagnostic& each : found.diagnostics) {
    if (each.severity != "error") continue;
    if (!wrong) wrong = Error(PB_INVALID, each.summary).with_text(each.text_id, each.args);
    wrong->with(each);
  }
  if (wrong) throw std::move(*wrong);
}

bool is_field_off(const Diagnostic& each) {
  return each.text_id == "whatsapp.field_off";
}

}  // namespace

Task<StepReply> next_step(StepRequest request, Configuration configuration, Line& line,
                          const Remote& remote) {
  if (request.step.empty()) co_return account_step();
  const bool tried = request.step == "webhook";
  Json settings = tried ? member(request.state, "settings") : request.input;
  for (const auto& [key, value] : request.settings.items()) {
    if (!settings.contains(key)) settings[key] = value;
  }
  line.use(settings);
  if (tried) co_return done(std::move(settings), text_of(request.state, "name"), line.identity());
  Configuration now = configuration;
  const CheckReply found = co_await check_line(std::move(now), line, remote);
  refuse_wrong(found);
  if (std::any_of(found.diagnostics.begin(), found.diagnostics.end(), is_field_off)) {
    Json state = {{"settings", std::move(settings)}, {"name", found.title}};
    co_return webhook_step(text_of(found.facts, "webhook"), std::move(state));
  }
  co_return done(std::move(settings), found.title, found.identity);
}

}  // namespace whatsapp
