#include "remote.hpp"

#include <algorithm>
#include <optional>

namespace whatsapp {
namespace {

using meta::Destination;
using meta::Effect;
using meta::GraphCall;
using meta::Subscription;
using patchbay::Error;
using patchbay::RemoteState;
using patchbay::RemoteStatus;
using patchbay::Task;

constexpr const char* kVerifyToken = "{{secret:verify_token}}";

Error foreign(const std::string& address) {
  const std::string shown = meta::harmless_address(address);
  Error error = failure(PB_CONFLICT, "whatsapp.foreign_callback", {{"address", shown}});
  error.with_detail("foreign", shown);
  error.with(finding("/phone_number_id", "whatsapp.foreign_callback", {{"address", shown}}));
  return error;
}

}  // namespace

Task<RemoteState> Remote::connect(Destination to, bool take_over) const {
  if (to.address.empty()) throw failure(PB_INVALID, "whatsapp.site_url_missing");
  co_await line_.know_app();
  const LineState line = co_await line_.ask();
  const std::string now = line.callback();
  if (!now.empty() && !to.is_ours(now) && !take_over) throw foreign(now);
  GraphCall subscribe("POST", line_.account() + "/subscribed_apps", Effect::reads);  // idempotent
  co_await line_.graph().call(std::move(subscribe));
  // Overrides need an app that wants messages at all. One without an address of its own gets ours.
  const Subscription app = co_await app_.now();
  const bool settable = app.callback.empty() || to.is_ours(app.callback);
  if (!app.complete && !settable)
    throw failure(PB_INVALID, "whatsapp.field_off", {{"address", meta::harmless_address(app.callback)}});
  if (!app.complete) co_await app_.set(to.address, kVerifyToken);
  if (line.of_number != to.address) co_await set_address(to.address);
  Json state = {{"url", to.address}};
  co_return RemoteState(std::move(state));
}

Task<void> Remote::set_address(std::string address) const {
  GraphCall call("POST", line_.phone(), Effect::reads);  // idempotent
  Json wanted = {{"override_callback_uri", address}};
  if (!address.empty()) wanted["verify_token"] = kVerifyToken;
  call.json = {{"webhook_configuration", std::move(wanted)}};
  co_await line_.graph().call(std::move(call));
}

Task<void> Remote::disconnect() const {
  std::optional<Error> failed;
  try {
    co_await leave();
  } catch (const Error& error) {
    failed = error;
  }
  const bool gone = failed && (failed->code == PB_UNAUTHENTICATED || failed->code == PB_NOT_FOUND);
  if (failed && !gone) throw std::move(*failed);
}

// Other numbers of the account need its subscription.
Task<void> Remote::leave() const {
  co_await set_address("");
  const std::vector<std::string> numbers = co_await line_.numbers();
  if (numbers.size() != 1 || numbers.front() != line_.phone()) co_return;
  GraphCall call("DELETE", line_.account() + "/subscribed_apps", Effect::reads);
  co_await line_.graph().call(std::move(call));
}

Task<bool> Remote::is_account_subscribed() const {
  GraphCall call("GET", line_.account() + "/subscribed_apps", Effect::reads);
  const Json answer = co_await line_.graph().call(std::move(call));
  const Json& apps = list_of(answer, "data");
  co_return std::any_of(apps.begin(), apps.end(), [&](const Json& each) {
    return id_of(member(each, "whatsapp_business_api_data"), "id") == line_.graph().place().app_id;
  });
}

Task<RemoteStatus> Remote::status(Destination wanted) const {
  co_await line_.know_app();
  const LineState line = co_await line_.ask();
  const std::string now = line.callback();
  const std::string shown = meta::harmless_address(now);
  if (!now.empty() && !wanted.is_ours(now)) co_return RemoteStatus("foreign", shown);
  const bool subscribed = co_await is_account_subscribed();
  const Subscription app = co_await app_.now();
  const bool ours = subscribed && app.complete && now == wanted.address;
  co_return RemoteStatus(ours ? "ours" : "none", shown);
}

}  // namespace whatsapp
