#include "checks.hpp"

#include <optional>

#include "using.hpp"

namespace twilio {
namespace {

using patchbay::CheckReply;
using patchbay::Configuration;
using patchbay::Error;
using patchbay::string_at;
using patchbay::Task;

// A failure of the first question that a setting can cure becomes a finding about it. The rest is thrown.
void explain(CheckReply& reply, const Api& api, Error error) {
  const Json where = {{"address", api.core()}, {"why", error.text}};
  switch (error.code) {
    case PB_UNAUTHENTICATED:
      reply.diagnostics.push_back(finding("/auth_token", "twilio.unauthorized"));
      return;
    case PB_NOT_FOUND:
      reply.diagnostics.push_back(finding("/account_sid", "twilio.no_account", {{"sid", api.account().sid}}));
      return;
    case PB_DENIED:
      reply.diagnostics.push_back(finding("/api_base", "twilio.not_allowed", where));
      return;
    case PB_UNAVAILABLE:
    case PB_DEADLINE:
    case PB_OUTCOME_UNKNOWN:
      error.with(finding("/api_base", "twilio.unreachable", where));
      [[fallthrough]];
    default:
      throw std::move(error);
  }
}

void judge_sender(CheckReply& reply, const Found& found, const Api& api) {
  const Json number = {{"number", api.account().number}};
  if (!found.sender) {
    reply.diagnostics.push_back(finding("/phone_number", "twilio.not_a_sender", number));
    return;
  }
  if (!found.sender->name.empty()) reply.title = found.sender->name;
  if (found.sender->is_online()) return;
  const Json args = {{"number", api.account().number}, {"state", found.sender->state}};
  reply.diagnostics.push_back(finding("/phone_number", "twilio.sender_state", args));
}

}  // namespace

Task<CheckReply> check_account(Configuration configuration, const Api& api, const Senders& senders) {
  CheckReply reply;
  Json account;
  std::optional<Error> failed;
  try {
    std::string url = api.resource("");
    account = co_await api.get(std::move(url));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) {
    explain(reply, api, std::move(*failed));
    co_return reply;
  }
  reply.identity = api.account().identity();
  reply.title = string_at(account, "friendly_name", api.account().number);
  reply.facts = {{"account", string_at(account, "friendly_name")},
                 {"account_type", string_at(account, "type")},
                 {"sandbox", api.account().is_sandbox()}};
  const std::string state = string_at(account, "status", "active");
  if (state != "active")
    reply.diagnostics.push_back(finding("/account_sid", "twilio.account_state", {{"state", state}}));

  const Found found = co_await senders.find();
  if (found.known) judge_sender(reply, found, api);
  const std::string address = route_of(configuration.routes, "message");
  if (address.empty()) {
    reply.diagnostics.push_back(finding("", "twilio.site_url_missing"));
  } else if (!found.known) {
    reply.diagnostics.push_back(finding("", "twilio.webhook_by_hand", {{"address", address}}).as_warning());
  } else if (found.sender && !found.sender->webhook.empty() &&
             !same_address(found.sender->webhook, address)) {
    // CHAT-26: a warning; connecting stops and asks.
    const Json args = {{"address", harmless_address(found.sender->webhook)}};
    reply.diagnostics.push_back(finding("/phone_number", "twilio.webhook_foreign", args).as_warning());
  }
  co_return reply;
}

}  // namespace twilio
