#pragma once

#include <functional>
#include <string>

#include "base/site_address.hpp"
#include "domain/access/open_id.hpp"
#include "domain/access/sessions.hpp"
#include "domain/routing/router.hpp"
#include "web/router.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// Of a call whose route asks for a session. Throws Error{not_found} "web.no_session" for a token that may
// everything: it has none.
const domain::access::Session& session_of(const Call& call);

// /api/v1/session: signing in with login and password, and out again; passwords and sessions of users.
class SessionApi {
 public:
  // `site` says the path of the cookie, and whether it travels by https only. References outlive the
  // router.
  struct Parts {
    Parts(domain::access::Sessions& s, domain::access::OpenId& o, const Clock& c, SiteAddress a,
          std::function<std::string()> u)
        : sessions(s), open_id(o), clock(c), site(std::move(a)), address(std::move(u)) {}
    domain::access::Sessions& sessions;
    domain::access::OpenId& open_id;
    const Clock& clock;
    SiteAddress site;
    std::function<std::string()> address;      // the public one, or what the listener has
    domain::routing::Router* chats = nullptr;  // null: nobody is an operator
  };
  explicit SessionApi(Parts parts) : parts_(std::move(parts)) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> ways(Call call);
  boost::asio::awaitable<Response> sign_in(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> sign_out(Call call);
  boost::asio::awaitable<Response> change_password(Call call);
  boost::asio::awaitable<Response> set_password(Call call);
  boost::asio::awaitable<Response> end_all(Call call);

  // Throws Error{rate_limited}.
  void refuse_too_many(const std::string& peer, const std::string& login);
  void note_failure(const std::string& peer, const std::string& login);

  // Behind a proxy everybody has one address, so who guesses one login there keeps nobody else out. All that
  // an address may fail together is half of what the hashing of passwords can do, else it would keep out
  // everybody everywhere. Wrong ones of all logins count, whether or not there is such a user: the answer
  // tells nobody.
  static constexpr std::size_t kFailuresOfAddress = 300;  // a minute

  const Parts parts_;
  FailureLimiter failures_;
  FailureLimiter failures_of_address_;
};

}  // namespace patchbay::web
