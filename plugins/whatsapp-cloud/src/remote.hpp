#pragma once

#include <string>

#include <patchbay/plugin.hpp>

#include "line.hpp"
#include "meta/callback.hpp"

namespace whatsapp {

// pb.remote/1. Messages arrive when the account is subscribed to the app, the app wants the field "messages",
// and the number's own address (an override of the app's and the account's) is ours: so each number of an
// account goes its own way, and the app may serve another program beside us. A foreign address is never
// replaced without consent (CHAT-26, HOOK-7).
class Remote {
 public:
  explicit Remote(Line& line) : line_(line), app_(line.graph(), "whatsapp_business_account", {"messages"}) {}

  // What the app has told Meta; the line must know its app.
  patchbay::Task<meta::Subscription> of_app() const { return app_.now(); }
  patchbay::Task<patchbay::RemoteState> connect(meta::Destination to, bool take_over) const;
  // Who has lost the token has lost the subscription too.
  patchbay::Task<void> disconnect() const;
  patchbay::Task<patchbay::RemoteStatus> status(meta::Destination wanted) const;

 private:
  patchbay::Task<void> set_address(std::string address) const;
  patchbay::Task<void> leave() const;
  patchbay::Task<bool> is_account_subscribed() const;

  Line& line_;
  meta::Callback app_;
};

}  // namespace whatsapp
