#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "domain/access/sessions.hpp"
#include "web/access.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// The cookie of a session (ACC-2).
inline constexpr std::string_view kSessionCookie = "pb_session";

// Who comes with a token, and who with the cookie of a session. With a cookie, which a browser also sends for
// pages of others, what changes something needs the CSRF token of the session. Any thread; both outlive it.
class Gate final : public Authenticator {
 public:
  Gate(Tokens& tokens, domain::access::Sessions& sessions) : tokens_(tokens), sessions_(sessions) {}

  boost::asio::awaitable<Principal> authenticate(Credentials credentials) override;

 private:
  Tokens& tokens_;
  domain::access::Sessions& sessions_;
};

}  // namespace patchbay::web
