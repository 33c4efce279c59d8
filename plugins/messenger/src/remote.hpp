#pragma once

#include <string>

#include <patchbay/plugin.hpp>

#include "account.hpp"
#include "meta/callback.hpp"

namespace messenger {

// pb.remote/1. Two things make messages arrive: the one callback address of the app, and the subscription of
// each page to the app. A foreign callback is never replaced without consent (CHAT-26, HOOK-7).
class Remote {
 public:
  Remote(const meta::Graph& graph, const Account& account);

  patchbay::Task<meta::Subscription> subscription() const;
  patchbay::Task<patchbay::RemoteState> connect(meta::Destination to, bool take_over) const;
  patchbay::Task<void> disconnect() const;
  patchbay::Task<patchbay::RemoteStatus> status(meta::Destination wanted) const;

 private:
  patchbay::Task<void> subscribe_page() const;
  patchbay::Task<bool> is_page_subscribed() const;

  const meta::Graph& graph_;
  const Account& account_;
  meta::Callback callback_;
};

}  // namespace messenger
