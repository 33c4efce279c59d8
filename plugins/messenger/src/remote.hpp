#pragma once

#include <string>
#include <utility>

#include <patchbay/plugin.hpp>

#include "account.hpp"

namespace messenger {

// Where this integration wants its webhooks.
struct Destination {
  Destination(const patchbay::Configuration& configuration, const patchbay::RemoteRequest& request);
  std::string address;  // of the route; empty when it is not mounted
  // Whether an address is one that this installation has set, now or before.
  bool is_ours(const std::string& url) const;

 private:
  std::string before_;  // what was registered last
  std::string prefix_;  // all our routes begin like this; empty without a public address
};

// What the app has told Meta about pages.
struct Subscription {
  bool exists = false;
  std::string callback;   // may be a foreign one
  std::string shown;      // the same without a query
  bool complete = false;  // switched on, with all fields that we need
};

// pb.remote/1. Two things make messages arrive: the one callback address of the app, and the subscription of
// each page to the app. A foreign callback is never replaced without consent (CHAT-26, HOOK-7).
class Remote {
 public:
  Remote(const Graph& graph, const Account& account) : graph_(graph), account_(account) {}

  patchbay::Task<Subscription> subscription() const;
  patchbay::Task<patchbay::RemoteState> connect(Destination to, bool take_over) const;
  patchbay::Task<void> disconnect() const;
  patchbay::Task<patchbay::RemoteStatus> status(Destination wanted) const;

 private:
  patchbay::Task<void> set_callback(std::string address) const;
  patchbay::Task<void> subscribe_page() const;
  patchbay::Task<bool> is_page_subscribed() const;

  const Graph& graph_;
  const Account& account_;
};

}  // namespace messenger
