#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace patchbay::net {

// An HTTP proxy, which is asked for a tunnel (CONNECT; RFC 9110, section 9.3.6).
struct Proxy {
  std::string host;  // brackets of an IPv6 address removed
  std::uint16_t port = 0;
  std::string login;  // "user:password", or empty
};

// "http://user:password@host:port"; scheme and login may be missing, and what the login holds is
// percent-encoded. Nothing when it is not one.
std::optional<Proxy> parse_proxy(std::string_view url);

// As it may be shown to people: without its login.
std::string without_login(std::string_view url);

}  // namespace patchbay::net
