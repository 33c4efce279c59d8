#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"

namespace patchbay::oauth {

// An authorisation server and what we are to it: every value filled in. An empty address: not offered.
struct Provider {
  bool by_password = false;  // people type in a user name and a password: no value below says anything
  std::string issuer;        // in every redirect (RFC 9207); empty: not checked
  std::string authorize;     // RFC 6749, 3.1
  std::string token;         // RFC 6749, 3.2
  std::string revoke;        // RFC 7009
  std::string device;        // RFC 8628
  std::string client_id;
  std::string client_secret;  // empty: a public client
  bool secret_in_body = false;
  bool set_up_only = false;  // when a token ends is not kept: its end is found where it is used
  std::vector<std::string> scopes;
  std::string authorities;  // PEM: whom to believe to be it; empty: whom the machine does
  std::map<std::string, std::string> parameters;  // further ones of the authorisation request
};

// The provider of the grant `name` of a plugin under a profile. Throws Error for a plugin, a name or a
// profile that is not there, and for a profile that lacks a value.
using ProviderOf = std::function<boost::asio::awaitable<Provider>(std::string plugin, std::string name,
                                                                  std::optional<Id> profile)>;

}  // namespace patchbay::oauth
