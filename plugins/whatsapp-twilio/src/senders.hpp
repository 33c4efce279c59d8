#pragma once

#include <map>
#include <optional>
#include <string>

#include <patchbay/plugin.hpp>

#include "api.hpp"

namespace twilio {

// A WhatsApp sender as the senders API knows it.
struct Sender {
  explicit Sender(const Json& found);
  bool is_online() const { return state == "ONLINE" || state == "ONLINE:UPDATING"; }

  std::string sid;
  std::string state;
  std::string name;     // the profile's
  std::string webhook;  // where messages go; empty: nowhere, or Twilio's own example
};

// What the account's senders API tells of the number.
struct Found {
  bool known = false;  // the API could be asked: it is not there for the sandbox, nor on every account
  std::optional<Sender> sender;
};

// pb.remote/1: where Twilio delivers the messages of the number. The sandbox and some accounts have no API
// for it: then somebody pastes the address by hand. Another program's address is never touched without
// consent (CHAT-26, HOOK-7).
class Senders {
 public:
  explicit Senders(const Api& api) : api_(api) {}

  patchbay::Task<Found> find() const;
  patchbay::Task<patchbay::RemoteState> connect(patchbay::RemoteRequest request) const;
  patchbay::Task<void> disconnect(patchbay::RemoteRequest request) const;
  patchbay::Task<patchbay::RemoteStatus> status(patchbay::RemoteRequest request) const;

 private:
  patchbay::Task<void> set(std::string sender, std::string messages, std::string statuses) const;

  const Api& api_;
};

// Whether both are one address; connection overrides behind # are Twilio's, not of the address.
bool same_address(const std::string& one, const std::string& other);

// A web address to show to people: without a password, or what stands behind its "?".
std::string harmless_address(const std::string& url);

std::string route_of(const std::map<std::string, std::string>& routes, const std::string& id);

}  // namespace twilio
