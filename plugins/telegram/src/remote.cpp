#include "remote.hpp"

#include <optional>

#include "translate.hpp"
#include "using.hpp"

namespace telegram {
namespace {

using patchbay::Configuration;
using patchbay::Error;
using patchbay::RemoteRequest;
using patchbay::RemoteState;
using patchbay::RemoteStatus;
using patchbay::Task;

constexpr int kConnections = 40;  // how many updates Telegram delivers at once
constexpr int kTries = 3;         // Telegram takes one address a second
constexpr std::int64_t kShortPauseMs = 3'000;
constexpr std::int64_t kRecentSeconds = 15 * 60;  // how long a delivery error counts as today's problem

std::string route_of(const std::map<std::string, std::string>& routes) {
  const auto found = routes.find("update");
  return found == routes.end() ? std::string() : found->second;
}

}  // namespace

WebhookInfo::WebhookInfo(bool known_, Json info)
    : known(known_),
      url(text_of(info, "url")),
      shown(harmless_address(url)),
      last_error(harmless(text_of(info, "last_error_message"))),
      last_error_at(number_of(info, "last_error_date").value_or(0)) {}

Destination::Destination(const Configuration& configuration, const RemoteRequest& request)
    : webhook(text_of(configuration.settings, "mode") != "polling"),
      address(route_of(request.routes)),
      before_(text_of(request.state, "url")) {
  if (address.empty()) address = route_of(configuration.routes);
  std::string site = configuration.site_url;
  while (!site.empty() && site.back() == '/') site.pop_back();
  if (!site.empty() && !configuration.integration_id.empty()) {
    prefix_ = site + "/hooks/telegram/" + configuration.integration_id + "/";
  }
}

bool Destination::is_ours(const std::string& url) const {
  if (url.empty()) return false;
  return url == address || url == before_ ||
         (!prefix_.empty() && url.compare(0, prefix_.size(), prefix_) == 0);
}

Task<WebhookInfo> Remote::webhook_info() const {
  std::optional<Error> failed;
  try {
    ApiCall call("getWebhookInfo", Effect::reads);
    Json info = co_await api_.call(std::move(call));
    co_return WebhookInfo(true, std::move(info));
  } catch (const Error& error) {
    failed = error;
  }
  // Servers for tests lack the method, and say so with 404 or with an answer that is not the API's.
  if (failed->code == PB_UNSUPPORTED) co_return WebhookInfo(false);
  throw std::move(*failed);
}

Task<RemoteState> Remote::connect(Destination to, bool take_over) const {
  const WebhookInfo info = co_await webhook_info();
  if (!info.url.empty() && !to.is_ours(info.url) && !take_over) {
    Error error = failure(PB_CONFLICT, "telegram.foreign_webhook", {{"address", info.shown}});
    error.with_detail("foreign", info.shown);
    error.with(finding("/token", "telegram.foreign_webhook", {{"address", info.shown}}));
    throw std::move(error);
  }
  Json state = {{"mode", to.webhook ? "webhook" : "polling"}};
  if (to.webhook) {
    if (to.address.empty()) throw failure(PB_INVALID, "telegram.site_url_missing");
    co_await set_webhook(to.address);
    state["url"] = to.address;
  } else if (!info.url.empty()) {
    ApiCall call("deleteWebhook", Effect::reads);  // idempotent
    co_await api_.call(std::move(call));
  }
  co_return RemoteState(std::move(state));
}

Task<void> Remote::set_webhook(std::string address) const {
  ApiCall call("setWebhook", Effect::reads);  // idempotent
  call.placeholders = true;
  call.arguments = {{"url", address},
                    {"secret_token", "{{secret:webhook_secret}}"},
                    {"allowed_updates", allowed_updates()},
                    {"max_connections", kConnections}};
  std::optional<Error> failed;
  for (int tries = 0; tries < kTries; ++tries) {
    ApiCall attempt = call;
    failed.reset();
    try {
      co_await api_.call(std::move(attempt));
    } catch (const Error& error) {
      failed = error;
    }
    const bool soon = failed && failed->code == PB_RATE_LIMITED && failed->retry_after_ms <= kShortPauseMs;
    if (!soon) break;
    co_await host_.sleep(failed->retry_after_ms);
  }
  if (!failed) co_return;
  if (failed->code == PB_CONFLICT)
    failed->code = PB_UNAVAILABLE;  // another setWebhook at this moment: repeat
  throw std::move(*failed);
}

Task<void> Remote::disconnect(Destination from) const {
  if (!from.webhook) co_return;
  std::optional<Error> failed;
  try {
    const WebhookInfo info = co_await webhook_info();
    if (info.known && !from.is_ours(info.url)) co_return;
    ApiCall call("deleteWebhook", Effect::reads);
    co_await api_.call(std::move(call));
  } catch (const Error& error) {
    failed = error;
  }
  // A revoked token has no webhook any more.
  if (failed && failed->code != PB_UNAUTHENTICATED) throw std::move(*failed);
}

Task<RemoteStatus> Remote::status(Destination wanted) const {
  const WebhookInfo info = co_await webhook_info();
  if (!info.known) co_return RemoteStatus("unknown");
  if (info.url.empty()) co_return RemoteStatus(wanted.webhook ? "none" : "ours");
  if (!wanted.is_ours(info.url)) co_return RemoteStatus("foreign", info.shown);
  // One of ours, but not today's: the address of this installation has changed, or polling was chosen since.
  if (!wanted.webhook || info.url != wanted.address) co_return RemoteStatus("none", info.shown);
  RemoteStatus status("ours", info.shown);
  if (const std::string words = fresh_error(info); !words.empty())
    status.problem = english("telegram.delivery_problem", {{"description", words}});
  co_return status;
}

std::string Remote::fresh_error(const WebhookInfo& info) const {
  return info.last_error_at + kRecentSeconds > host_.now() / 1000 ? info.last_error : std::string();
}

}  // namespace telegram
