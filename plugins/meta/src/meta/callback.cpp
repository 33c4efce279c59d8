#include "meta/callback.hpp"

#include <algorithm>
#include <utility>

namespace meta {
namespace {

using patchbay::flag_of;
using patchbay::has;
using patchbay::list_of;
using patchbay::member;
using patchbay::Task;
using patchbay::text_of;

constexpr const char* kRoute = "webhook";

std::string route_of(const std::map<std::string, std::string>& routes) {
  const auto found = routes.find(kRoute);
  return found == routes.end() ? std::string() : found->second;
}

// "<site>/hooks/<plugin>/" of one of our addresses.
std::string prefix_of(const std::string& address, const std::string& site_url) {
  std::string site = site_url;
  while (!site.empty() && site.back() == '/') site.pop_back();
  const std::string hooks = site + "/hooks/";
  if (site.empty() || address.compare(0, hooks.size(), hooks) != 0) return "";
  const std::size_t end = address.find('/', hooks.size());
  return end == std::string::npos ? std::string() : address.substr(0, end + 1);
}

}  // namespace

Destination::Destination(const patchbay::Configuration& configuration, const patchbay::RemoteRequest& request)
    : address(route_of(request.routes)), before_(text_of(request.state, "url")) {
  if (address.empty()) address = route_of(configuration.routes);
  prefix_ = prefix_of(address, configuration.site_url);
}

bool Destination::is_ours(const std::string& url) const {
  if (url.empty()) return false;
  return url == address || url == before_ ||
         (!prefix_.empty() && url.compare(0, prefix_.size(), prefix_) == 0);
}

Task<Subscription> Callback::now() const {
  GraphCall call("GET", graph_.place().app_id + "/subscriptions", Effect::reads, As::app());
  const Json answer = co_await graph_.call(std::move(call));
  Subscription out;
  for (const Json& each : list_of(answer, "data")) {
    if (text_of(each, "object") != object_) continue;
    out.exists = true;
    out.callback = text_of(each, "callback_url");
    const bool active = !has(each, "active") || flag_of(each, "active");
    out.complete = active && has_all(member(each, "fields"));
  }
  co_return out;
}

Task<void> Callback::set(std::string address, std::string verify_token) const {
  GraphCall call("POST", graph_.place().app_id + "/subscriptions", Effect::reads, As::app());
  call.form = {{"object", object_},
               {"callback_url", address},
               {"verify_token", verify_token},
               {"fields", joined_fields()},
               {"include_values", "true"}};
  co_await graph_.call(std::move(call));
}

std::string Callback::joined_fields() const {
  std::string out;
  for (const std::string& field : fields_) out += (out.empty() ? "" : ",") + field;
  return out;
}

bool Callback::has_all(const Json& fields) const {
  if (!fields.is_array()) return false;
  return std::all_of(fields_.begin(), fields_.end(), [&](const std::string& wanted) {
    return std::any_of(fields.begin(), fields.end(), [&](const Json& field) {
      return field == Json(wanted) || text_of(field, "name") == wanted;
    });
  });
}

}  // namespace meta
