#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "hooks/request.hpp"
#include "hooks/route_table.hpp"
#include "hooks/session_tokens.hpp"
#include "net/rate_buckets.hpp"

namespace patchbay::hooks {

// The routes that the host serves for browsers by itself: kinds "session" and "live" (plugin-needs N15). Any
// thread.
class SessionDoor {
 public:
  struct Limits {
    net::Rate sessions{1, std::chrono::seconds(6), 30};  // made or renewed, for one remote address
  };

  // Both outlive it.
  SessionDoor(SessionTokens& tokens, const Clock& clock, Limits limits);
  SessionDoor(SessionTokens& tokens, const Clock& clock);

  // {"token", "session", "expires_at"}: a new session, or with the `token` that was sent (empty: none) the
  // same one for longer. 401 for a token that is not good here, 429 with Retry-After above the rate. `peer`:
  // the remote address.
  boost::asio::awaitable<Answer> make(std::shared_ptr<const Route> route, std::string token,
                                      std::string peer);
  // The stream of the session that `token` proves; else 401.
  boost::asio::awaitable<Answer> open(std::shared_ptr<const Route> route, std::string token);
  // The session that `token` proves, if it is good at this route.
  boost::asio::awaitable<std::optional<VisitorSession>> session_of(std::shared_ptr<const Route> route,
                                                                   std::string token);

 private:
  SessionTokens& tokens_;
  const Clock& clock_;
  const Limits limits_;
  net::RateBuckets buckets_;
};

// The bearer token of a request; empty: none.
std::string bearer_token(const Request& request);
// The same, or the query field "token": a browser's own EventSource sends no headers.
std::string any_token(const Request& request);
// Whom a limit of one remote address counts: of IPv6 a network of 64 bits, which is one household's or one
// machine's.
std::string network_of(const std::string& peer);

}  // namespace patchbay::hooks
