#include "remote.hpp"

#include <algorithm>
#include <optional>

#include "texts.hpp"
#include "translate.hpp"

namespace messenger {
namespace {

using patchbay::Configuration;
using patchbay::Error;
using patchbay::RemoteRequest;
using patchbay::RemoteState;
using patchbay::RemoteStatus;
using patchbay::Task;

std::string route_of(const std::map<std::string, std::string>& routes) {
  const auto found = routes.find("webhook");
  return found == routes.end() ? std::string() : found->second;
}

std::string joined(const Json& texts) {
  std::string out;
  for (const Json& text : texts) out += (out.empty() ? "" : ",") + text.get<std::string>();
  return out;
}

// Fields are told as names, or as objects with a name and a version.
bool has_field(const Json& fields, const std::string& wanted) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Json& field) { return field == wanted || text_of(field, "name") == wanted; });
}

bool has_all_fields(const Json& fields) {
  if (!fields.is_array()) return false;
  const Json wanted = subscribed_fields();
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const Json& each) { return has_field(fields, each.get<std::string>()); });
}

}  // namespace

Destination::Destination(const Configuration& configuration, const RemoteRequest& request)
    : address(route_of(request.routes)), before_(text_of(request.state, "url")) {
  if (address.empty()) address = route_of(configuration.routes);
  std::string site = configuration.site_url;
  while (!site.empty() && site.back() == '/') site.pop_back();
  if (!site.empty()) prefix_ = site + "/hooks/messenger/";
}

bool Destination::is_ours(const std::string& url) const {
  if (url.empty()) return false;
  return url == address || url == before_ ||
         (!prefix_.empty() && url.compare(0, prefix_.size(), prefix_) == 0);
}

Task<Subscription> Remote::subscription() const {
  GraphCall call("GET", graph_.place().app_id + "/subscriptions", Effect::reads, As::app);
  const Json answer = co_await graph_.call(std::move(call));
  Subscription out;
  const Json& all = member(answer, "data");
  if (!all.is_array()) co_return out;
  for (const Json& each : all) {
    if (text_of(each, "object") != "page") continue;
    out.exists = true;
    out.callback = text_of(each, "callback_url");
    out.shown = harmless(out.callback.substr(0, out.callback.find_first_of("?#")));
    const bool active = !has(each, "active") || flag_of(each, "active");
    out.complete = active && has_all_fields(member(each, "fields"));
  }
  co_return out;
}

Task<RemoteState> Remote::connect(Destination to, bool take_over) const {
  if (to.address.empty()) throw failure(PB_INVALID, "messenger.site_url_missing");
  const Subscription now = co_await subscription();
  if (!now.callback.empty() && !to.is_ours(now.callback) && !take_over) {
    Error error = failure(PB_CONFLICT, "messenger.foreign_callback", {{"address", now.shown}});
    error.with_detail("foreign", now.shown);
    error.with(finding("/page_id", "messenger.foreign_callback", {{"address", now.shown}}));
    throw std::move(error);
  }
  if (now.callback != to.address || !now.complete) co_await set_callback(to.address);
  co_await subscribe_page();
  Json state = {{"url", to.address}};
  co_return RemoteState(std::move(state));
}

Task<void> Remote::set_callback(std::string address) const {
  GraphCall call("POST", graph_.place().app_id + "/subscriptions", Effect::reads, As::app);  // idempotent
  call.form = {{"object", "page"},
               {"callback_url", address},
               {"verify_token", "{{profile:verify_token}}"},
               {"fields", joined(subscribed_fields())},
               {"include_values", "true"}};
  co_await graph_.call(std::move(call));
}

Task<void> Remote::subscribe_page() const {
  GraphCall call("POST", account_.page() + "/subscribed_apps", Effect::reads);  // idempotent
  call.query = {{"subscribed_fields", joined(subscribed_fields())}};
  co_await account_.call(std::move(call));
}

Task<bool> Remote::is_page_subscribed() const {
  GraphCall call("GET", account_.page() + "/subscribed_apps", Effect::reads);
  const Json answer = co_await account_.call(std::move(call));
  const Json& apps = member(answer, "data");
  if (!apps.is_array()) co_return false;
  co_return std::any_of(apps.begin(), apps.end(), [&](const Json& app) {
    return id_of(app, "id") == graph_.place().app_id && has_all_fields(member(app, "subscribed_fields"));
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
  if (!now.exists || now.callback.empty()) co_return RemoteStatus("none");
  if (!wanted.is_ours(now.callback)) co_return RemoteStatus("foreign", now.shown);
  const bool ours = subscribed && now.callback == wanted.address && now.complete;
  co_return RemoteStatus(ours ? "ours" : "none", now.shown);
}

}  // namespace messenger
