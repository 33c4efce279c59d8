#pragma once

#include <string>
#include <utility>

#include <patchbay/plugin.hpp>

#include "api.hpp"

namespace telegram {

// What getWebhookInfo says. `known` is false on servers that have no such method.
struct WebhookInfo {
  explicit WebhookInfo(bool known_, Json info = Json::object());
  bool known;
  std::string url;             // empty: none is set; a foreign one may hold a secret
  std::string shown;           // the same for people
  std::string last_error;      // empty: none
  std::int64_t last_error_at;  // seconds since 1970
};

// Where this integration wants its updates.
struct Destination {
  Destination(const patchbay::Configuration& configuration, const patchbay::RemoteRequest& request);
  bool webhook;         // false: by long polling, no webhook may be set
  std::string address;  // of the route; empty when it is not mounted
  // Whether an address is one that this integration has set, now or before.
  bool is_ours(const std::string& url) const;

 private:
  std::string before_;  // what was registered last
  std::string prefix_;  // all our routes begin like this; empty without a public address
};

// pb.remote/1: the webhook at Telegram. A foreign one is never touched without consent (CHAT-26, HOOK-7).
class Remote {
 public:
  Remote(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  patchbay::Task<WebhookInfo> webhook_info() const;
  patchbay::Task<patchbay::RemoteState> connect(Destination to, bool take_over) const;
  patchbay::Task<void> disconnect(Destination from) const;
  patchbay::Task<patchbay::RemoteStatus> status(Destination wanted) const;
  // Telegram's words about deliveries that failed of late; empty when there is nothing to worry about.
  std::string fresh_error(const WebhookInfo& info) const;

 private:
  patchbay::Task<void> set_webhook(std::string address) const;

  const patchbay::Host& host_;
  const Api& api_;
};

}  // namespace telegram
