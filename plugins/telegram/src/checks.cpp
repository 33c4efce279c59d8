#include "checks.hpp"

#include <optional>
#include <utility>

#include "using.hpp"
#include "words.hpp"

namespace telegram {
namespace {

using patchbay::CheckReply;
using patchbay::Configuration;
using patchbay::Error;
using patchbay::Task;

bool starts_with(const std::string& text, const std::string& with) {
  return text.compare(0, with.size(), with) == 0;
}

// Whether Telegram's own servers would call this https address.
bool has_allowed_port(const std::string& address) {
  const std::size_t host = address.find("://");
  if (host == std::string::npos) return false;
  const std::string authority = address.substr(host + 3, address.find('/', host + 3) - host - 3);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string::npos || authority.find(']', colon) != std::string::npos) return true;
  const std::string port = authority.substr(colon + 1);
  return port == "443" || port == "80" || port == "88" || port == "8443";
}

// What keeps webhooks from working before Telegram is asked.
void check_address(CheckReply& reply, const Configuration& configuration, bool is_public) {
  const auto route = configuration.routes.find("update");
  const std::string address = route == configuration.routes.end() ? configuration.site_url : route->second;
  if (address.empty()) {
    reply.diagnostics.push_back(finding("/mode", "telegram.site_url_missing"));
  } else if (!starts_with(address, "https://")) {
    reply.diagnostics.push_back(finding("/mode", "telegram.site_url_not_https", {{"address", address}}));
  } else if (is_public && !has_allowed_port(address)) {
    reply.diagnostics.push_back(finding("/mode", "telegram.port", {{"address", address}}));
  }
}

// A failure of getMe that a setting can cure becomes a finding about it. The rest is thrown.
void explain(CheckReply& reply, const Api& api, Error error) {
  const Json where = {{"address", api.base()}, {"why", error.text}};
  switch (error.code) {
    case PB_UNAUTHENTICATED:
      reply.diagnostics.push_back(finding("/token", "telegram.unauthorized"));
      return;
    case PB_UNSUPPORTED:  // 404: a token without a bot on Telegram's servers, no Bot API elsewhere
      if (api.is_public()) {
        reply.diagnostics.push_back(finding("/token", "telegram.unauthorized"));
      } else {
        const Json args = {{"address", api.base()}, {"status", member(error.args, "status")}};
        reply.diagnostics.push_back(finding("/api_base", "telegram.not_a_bot_api", args));
      }
      return;
    case PB_DENIED:
      reply.diagnostics.push_back(finding("/api_base", "telegram.not_allowed", where));
      return;
    case PB_UNAVAILABLE:
    case PB_DEADLINE:
    case PB_OUTCOME_UNKNOWN:
      error.with(finding("/api_base", "telegram.unreachable", where));
      [[fallthrough]];
    default:
      throw std::move(error);
  }
}

void describe(CheckReply& reply, const Json& me) {
  const std::string id = id_of(me, "id");
  if (id.empty()) throw failure(PB_UNAVAILABLE, "telegram.unavailable", {{"status", 200}});
  reply.identity = "bot:" + id;
  reply.title = person_name(me);
  put(reply.facts, "username", text_of(me, "username"));
  for (const char* fact : {"can_join_groups", "can_read_all_group_messages"}) {
    if (has(me, fact)) reply.facts[fact] = flag_of(me, fact);
  }
}

}  // namespace

std::string api_base(const Json& settings) {
  std::string base = text_of(settings, "api_base");
  if (base.empty()) return Api::kPublicBase;
  while (!base.empty() && base.back() == '/') base.pop_back();
  const bool is_address = starts_with(base, "https://") || starts_with(base, "http://");
  if (!is_address || base.find_first_of("?#{} \t\r\n") != std::string::npos) {
    Error error = failure(PB_INVALID, "telegram.api_base", {{"address", base}});
    error.with(finding("/api_base", "telegram.api_base", {{"address", base}}));
    throw std::move(error);
  }
  return base;
}

Task<CheckReply> check_bot(Configuration configuration, const Api& api, const Remote& remote) {
  CheckReply reply;
  Json me;
  std::optional<Error> failed;
  try {
    ApiCall call("getMe", Effect::reads);
    me = co_await api.call(std::move(call));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) {
    explain(reply, api, std::move(*failed));
    co_return reply;
  }
  describe(reply, me);

  const patchbay::RemoteRequest nothing(Json::object());
  const Destination wanted(configuration, nothing);
  if (wanted.webhook) check_address(reply, configuration, api.is_public());
  const WebhookInfo info = co_await remote.webhook_info();
  if (!info.url.empty() && !wanted.is_ours(info.url)) {  // CHAT-26: a warning; connecting stops and asks
    reply.diagnostics.push_back(
        finding("/token", "telegram.foreign_webhook", {{"address", info.shown}}).as_warning());
  }
  if (const std::string words = remote.fresh_error(info); wanted.is_ours(info.url) && !words.empty()) {
    const Json args = {{"description", words}};
    reply.diagnostics.push_back(finding("/mode", "telegram.delivery_problem", args).as_warning());
  }
  co_return reply;
}

}  // namespace telegram
