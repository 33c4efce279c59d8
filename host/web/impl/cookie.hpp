#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/site_address.hpp"
#include "web/gate.hpp"

namespace patchbay::web {

// A Set-Cookie that no script reads, that goes below `path` of the site only, by https where the site has it,
// and with what other pages ask for only where they open ours (RFC 6265bis, SameSite=Lax). `seconds`: how
// long the browser keeps it; 0 takes it away.
inline std::string cookie_of(const SiteAddress& site, std::string_view name, const std::string& value,
                             std::int64_t seconds, std::string_view path = {}) {
  auto below = site.path() + std::string(path);
  if (below.empty()) below = "/";
  return std::string(name) + "=" + value + "; Path=" + below + "; HttpOnly; SameSite=Lax" +
         (site.is_https() ? "; Secure" : "") + "; Max-Age=" + std::to_string(seconds);
}

inline std::string session_cookie(const SiteAddress& site, const std::string& token, std::int64_t seconds) {
  return cookie_of(site, kSessionCookie, token, seconds);
}

}  // namespace patchbay::web
