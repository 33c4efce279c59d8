#pragma once

#include <string>

#include "domain/access/sessions.hpp"
#include "web/router.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// Of a call whose route asks for a session. Throws Error{not_found} "web.no_session" for a token that may
// everything: it has none.
const domain::access::Session& session_of(const Call& call);

// /api/v1/session: signing in with login and password, and out again; passwords and sessions of users.
class SessionApi {
 public:
  // `site_url` says the path of the cookie, and whether it travels by https only. References outlive the
  // router.
  SessionApi(domain::access::Sessions& sessions, const Clock& clock, const std::string& site_url);

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> sign_in(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> sign_out(Call call);
  boost::asio::awaitable<Response> change_password(Call call);
  boost::asio::awaitable<Response> set_password(Call call);
  boost::asio::awaitable<Response> end_all(Call call);

  std::string cookie(const std::string& value, std::int64_t seconds) const;

  domain::access::Sessions& sessions_;
  const Clock& clock_;
  const std::string attributes_;
  FailureLimiter failures_;
};

}  // namespace patchbay::web
