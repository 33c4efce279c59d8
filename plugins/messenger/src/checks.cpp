#include "checks.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "condition.hpp"
#include "translate.hpp"
#include "using.hpp"

namespace messenger {
namespace {

using meta::Destination;
using meta::Effect;
using meta::Graph;
using meta::GraphCall;
using meta::Subscription;
using patchbay::CheckReply;
using patchbay::Configuration;
using patchbay::Error;
using patchbay::Task;

constexpr const char* kScopes[] = {"pages_messaging", "pages_manage_metadata"};

// What keeps webhooks from working before Meta is asked.
void check_address(CheckReply& reply, const Configuration& configuration) {
  const auto route = configuration.routes.find("webhook");
  const std::string address = route == configuration.routes.end() ? configuration.site_url : route->second;
  if (address.empty())
    reply.diagnostics.push_back(finding("", "messenger.site_url_missing"));
  else if (address.compare(0, 8, "https://") != 0)
    reply.diagnostics.push_back(finding("", "messenger.site_url_not_https", {{"address", address}}));
}

void describe(CheckReply& reply, const Json& page) {
  const std::string id = id_of(page, "id");
  if (id.empty()) throw failure(PB_UNAVAILABLE, "messenger.unavailable", {{"status", 200}});
  reply.identity = identity_of(id);
  reply.title = text_of(page, "name");
  put(reply.facts, "page", id);
  if (has(page, "is_published") && !flag_of(page, "is_published"))
    reply.diagnostics.push_back(finding("/page_id", "messenger.page_not_public").as_warning());
}

void check_token(CheckReply& reply, const Json& about) {
  if (const Json& scopes = member(about, "scopes"); scopes.is_array()) {
    for (const char* wanted : kScopes) {
      if (std::find(scopes.begin(), scopes.end(), Json(wanted)) == scopes.end())
        reply.diagnostics.push_back(finding("", std::string("messenger.without_") + wanted));
    }
  }
  for (const char* end : {"expires_at", "data_access_expires_at"}) {
    const auto seconds = number_of(about, end);
    if (seconds && *seconds > 0) {  // 0: never
      reply.facts[end] = time_text(*seconds * 1000);
    }
  }
}

}  // namespace

Task<CheckReply> check_page(Configuration configuration, const Graph& graph, const Account& account,
                            const Remote& remote) {
  CheckReply reply;
  Json page;
  std::optional<Error> failed;
  try {
    GraphCall call("GET", account.page(), Effect::reads);
    call.query = {{"fields", "id,name,is_published"}};
    page = co_await account.call(std::move(call));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) {
    if (failed->code != PB_NOT_FOUND) throw std::move(*failed);
    reply.diagnostics.push_back(finding("/page_id", "messenger.page_gone"));
    co_return reply;
  }
  describe(reply, page);
  check_address(reply, configuration);
  const Json token = co_await about_token(graph);
  check_token(reply, token);

  const patchbay::RemoteRequest nothing(Json::object());
  const Destination wanted(configuration, nothing);
  const Subscription now = co_await remote.subscription();
  if (!now.callback.empty() && !wanted.is_ours(now.callback)) {  // CHAT-26: a warning; connecting stops
    reply.diagnostics.push_back(
        finding("/page_id", "messenger.foreign_callback", {{"address", meta::harmless_address(now.callback)}})
            .as_warning());
  }
  co_return reply;
}

}  // namespace messenger
