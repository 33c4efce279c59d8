#include "senders.hpp"

#include <algorithm>

#include "using.hpp"

namespace twilio {
namespace {

using patchbay::Error;
using patchbay::RemoteRequest;
using patchbay::RemoteState;
using patchbay::RemoteStatus;
using patchbay::Task;

constexpr int kMostPages = 50;

std::string text_in(const Json& object, const char* part, const char* key) {
  return object.contains(part) ? patchbay::string_at(object.at(part), key) : std::string();
}

}  // namespace

Sender::Sender(const Json& found)
    : sid(patchbay::string_at(found, "sid")),
      state(patchbay::string_at(found, "status")),
      name(text_in(found, "profile", "name")),
      webhook(text_in(found, "webhook", "callback_url")) {
  // New senders have an address of Twilio's that only says hello.
  if (webhook.rfind("https://demo.twilio.com/", 0) == 0) webhook.clear();
}

bool same_address(const std::string& one, const std::string& other) {
  return one.substr(0, one.find('#')) == other.substr(0, other.find('#'));
}

std::string harmless_address(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t user = url.substr(0, path).rfind('@');
  const std::size_t from = user == std::string::npos || user < host ? host : user + 1;
  const std::size_t to = std::min(url.find_first_of("?#", from), url.size());
  return url.substr(0, host) + url.substr(from, to - from) + (to < url.size() ? "?…" : "");
}

std::string route_of(const std::map<std::string, std::string>& routes, const std::string& id) {
  const auto found = routes.find(id);
  return found == routes.end() ? std::string() : found->second;
}

Task<Found> Senders::find() const {
  Found found;
  if (api_.account().is_sandbox()) co_return found;
  std::string url = api_.messaging() + "/v2/Channels/Senders?Channel=whatsapp&PageSize=100";
  for (int page = 0; page < kMostPages && !url.empty(); ++page) {
    std::string next = url;
    Json answer;
    std::optional<Error> failed;
    try {
      answer = co_await api_.get(std::move(next));
    } catch (const Error& error) {
      failed = error;
    }
    const bool missing = failed && (failed->code == PB_NOT_FOUND || failed->code == PB_INVALID);
    if (missing) co_return Found();
    if (failed) throw std::move(*failed);
    found.known = true;
    for (const Json& each : answer.value("senders", Json::array())) {
      if (patchbay::string_at(each, "sender_id") == api_.account().address()) found.sender.emplace(each);
    }
    url = found.sender ? std::string() : text_in(answer, "meta", "next_page_url");
    if (url.rfind(api_.messaging() + "/", 0) != 0) url.clear();
  }
  co_return found;
}

Task<void> Senders::set(std::string sender, std::string messages, std::string statuses) const {
  const Json webhook = {{"callback_url", messages},
                        {"callback_method", "POST"},
                        {"status_callback_url", statuses},
                        {"status_callback_method", "POST"}};
  Json body = {{"webhook", webhook}};
  std::string url = api_.messaging() + "/v2/Channels/Senders/" + sender;
  co_await api_.put(std::move(url), std::move(body));
}

Task<RemoteState> Senders::connect(RemoteRequest request) const {
  std::string messages = route_of(request.routes, "message");
  std::string statuses = route_of(request.routes, "status");
  if (messages.empty()) throw failure(PB_INVALID, "twilio.site_url_missing");
  const Found found = co_await find();
  Json state = {{"url", messages}, {"by_hand", !found.sender}};
  if (!found.sender) co_return RemoteState(std::move(state));
  const std::string now = found.sender->webhook;
  const bool ours = now.empty() || same_address(now, messages) ||
                    same_address(now, patchbay::string_at(request.state, "url"));
  if (!ours && !request.take_over) {
    const std::string shown = harmless_address(now);
    Error error = failure(PB_CONFLICT, "twilio.webhook_foreign", {{"address", shown}});
    error.with_detail("foreign", shown);
    error.with(finding("/phone_number", "twilio.webhook_foreign", {{"address", shown}}));
    throw std::move(error);
  }
  std::string sender = found.sender->sid;
  if (!same_address(now, messages)) co_await set(std::move(sender), std::move(messages), std::move(statuses));
  co_return RemoteState(std::move(state));
}

Task<void> Senders::disconnect(RemoteRequest request) const {
  std::optional<Error> failed;
  try {
    const Found found = co_await find();
    if (!found.sender || !same_address(found.sender->webhook, patchbay::string_at(request.state, "url")))
      co_return;
    std::string sender = found.sender->sid;
    std::string nowhere;
    std::string no_status;
    co_await set(std::move(sender), std::move(nowhere), std::move(no_status));
  } catch (const Error& error) {
    failed = error;
  }
  // Who has no access any more cannot tidy up.
  if (failed && failed->code != PB_UNAUTHENTICATED) throw std::move(*failed);
}

Task<RemoteStatus> Senders::status(RemoteRequest request) const {
  const Found found = co_await find();
  if (!found.sender) co_return RemoteStatus("unknown");
  const std::string now = found.sender->webhook;
  if (now.empty()) co_return RemoteStatus("none");
  if (same_address(now, route_of(request.routes, "message"))) co_return RemoteStatus("ours", now);
  if (same_address(now, patchbay::string_at(request.state, "url"))) co_return RemoteStatus("none", now);
  co_return RemoteStatus("foreign", harmless_address(now));
}

}  // namespace twilio
