#include "remote.hpp"

#include <algorithm>
#include <optional>

#include "translate.hpp"
#include "using.hpp"

namespace messenger {
namespace {

using meta::Destination;
using meta::Effect;
using meta::GraphCall;
using meta::Subscription;
using patchbay::Error;
using patchbay::RemoteState;
using patchbay::RemoteStatus;
using patchbay::Task;

constexpr const char* kVerifyToken = "{{profile:verify_token}}";

}  // namespace

Remote::Remote(const meta::Graph& graph, const Account& account)
    : graph_(graph), account_(account), callback_(graph, "page", subscribed_fields()) {}

Task<Subscription> Remote::subscription() const {
  return callback_.now();
}

Task<RemoteState> Remote::connect(Destination to, bool take_over) const {
  if (to.address.empty()) throw failure(PB_INVALID, "messenger.site_url_missing");
  const Subscription now = co_await subscription();
  const std::string shown = meta::harmless_address(now.callback);
  if (!now.callback.empty() && !to.is_ours(now.callback) && !take_over) {
    Error error = failure(PB_CONFLICT, "messenger.foreign_callback", {{"address", shown}});
    error.with_detail("foreign", shown);
    error.with(finding("/page_id", "messenger.foreign_callback", {{"address", shown}}));
    throw std::move(error);
  }
  if (now.callback != to.address || !now.complete) co_await callback_.set(to.address, kVerifyToken);
  co_await subscribe_page();
  Json state = {{"url", to.address}};
  co_return RemoteState(std::move(state));
}

Task<void> Remote::subscribe_page() const {
  GraphCall call("POST", account_.page() + "/subscribed_apps", Effect::reads);  // idempotent
  call.query = {{"subscribed_fields", callback_.joined_fields()}};
  co_await account_.call(std::move(call));
}

Task<bool> Remote::is_page_subscribed() const {
  GraphCall call("GET", account_.page() + "/subscribed_apps", Effect::reads);
  const Json answer = co_await account_.call(std::move(call));
  const Json& apps = list_of(answer, "data");
  co_return std::any_of(apps.begin(), apps.end(), [&](const Json& app) {
    return id_of(app, "id") == graph_.place().app_id && callback_.has_all(member(app, "subscribed_fields"));
  });
}

// The callback stays: other pages of the app use it.
Task<void> Remote::disconnect() const {
  std::optional<Error> failed;
  try {
    GraphCall call("DELETE", account_.page() + "/subscribed_apps", Effect::reads);
    co_await account_.call(std::move(call));
  } catch (const Error& error) {
    failed = error;
  }
  // Who has lost the token has lost the subscription too.
  if (failed && failed->code != PB_UNAUTHENTICATED) throw std::move(*failed);
}

Task<RemoteStatus> Remote::status(Destination wanted) const {
  const bool subscribed = co_await is_page_subscribed();  // first: it finds out that a token is dead (FB-5)
  const Subscription now = co_await subscription();
  const std::string shown = meta::harmless_address(now.callback);
  if (!now.exists || now.callback.empty()) co_return RemoteStatus("none");
  if (!wanted.is_ours(now.callback)) co_return RemoteStatus("foreign", shown);
  const bool ours = subscribed && now.callback == wanted.address && now.complete;
  co_return RemoteStatus(ours ? "ours" : "none", shown);
}

}  // namespace messenger
