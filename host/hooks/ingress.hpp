#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "hooks/counters.hpp"
#include "hooks/inbox_committer.hpp"
#include "hooks/key_sets.hpp"
#include "hooks/request.hpp"
#include "hooks/route_table.hpp"
#include "hooks/self_test.hpp"
#include "hooks/session_door.hpp"
#include "log/log.hpp"
#include "net/rate_buckets.hpp"

namespace patchbay::hooks {

// The door for providers: what it answers 2xx is durable. Any thread, any number of requests at once.
class Ingress {
 public:
  // All of them outlive the ingress.
  struct Parts {
    Parts(const RouteTable& r, InboxCommitter& i, const Clock& c, KeySets& k, Counters& n)
        : routes(r), committer(i), clock(c), keys(k), counters(n) {}
    const RouteTable& routes;
    InboxCommitter& committer;
    const Clock& clock;
    KeySets& keys;
    Counters& counters;
    SessionDoor* sessions = nullptr;  // none: routes for browsers answer 404
    SelfTestMarks* marks = nullptr;   // none: self-tests are not known
  };
  // Of one integration or profile, so that a flood of one leaves room for others (HOOK-4).
  struct Limits {
    std::size_t open = 2'500;  // wait for their commit: a quarter of what the committer takes
    net::Rate rate{10'000, std::chrono::seconds(1), 20'000};  // verified requests
    net::Rate of_session{5, std::chrono::seconds(1), 50};     // those of one anonymous session
  };
  Ingress(Parts parts, log::Logger logger, Limits limits);
  Ingress(Parts parts, log::Logger logger);

  // 404 unknown path, without a visit to the database; 405 with Allow; 413; 401; 429 with Retry-After above
  // the rate; the echo of a challenge; the route's reply once the request is stored, also for a known
  // duplicate; 503 with Retry-After for faults of ours, when the provider's keys cannot be fetched, and for
  // what one integration sends too much of. A page of another origin gets 403 unless the route's "cors" lists
  // it; a route of kind "live" answers with Answer::live.
  boost::asio::awaitable<Answer> handle(Request request);

  // The largest body that the route at `path` takes, so that a listener can refuse before it has read it;
  // nothing for an unknown path.
  std::optional<std::uint64_t> body_limit(std::string_view path) const;
  // Whether a route of kind "live" is open at `path` now.
  bool is_live(std::string_view path) const;

 private:
  Answer test(const Request& request);
  boost::asio::awaitable<Answer> pass(std::shared_ptr<const Route> route, Request request);
  boost::asio::awaitable<Answer> serve_browser(std::shared_ptr<const Route> route, Request request);
  boost::asio::awaitable<Answer> take_webhook(std::shared_ptr<const Route> route, Request request);
  // `session`: whose token came with it; empty where none is asked for.
  boost::asio::awaitable<Answer> store(std::shared_ptr<const Route> route, Request request,
                                       std::string session);
  std::optional<Answer> refuse(const Route& route, const Request& request);
  std::optional<Answer> refuse_shape(const Route& route, const Request& request);
  std::optional<Answer> refuse_pace(const Route& route, const std::string& session);
  void tell_not_verified(const Route& route, const Request& request) const;
  InboxRow make_row(const Route& route, Request request, const std::string& session) const;

  const Parts parts_;
  log::Logger logger_;
  const Limits limits_;
  net::RateBuckets buckets_;
};

// Requests that a plugin has fetched itself (long polling, IDLE) go the same way: stored, then processed
// (pb.webhook/1:inject).
class Injector {
 public:
  Injector(const RouteTable& routes, InboxCommitter& committer, const Clock& clock);

  // The rows of these bodies, not stored yet (insert_rows). Throws Error{not_found} for a route that the
  // integration does not have.
  std::vector<InboxRow> rows(Id integration, const std::string& route, const std::string& content_type,
                             std::vector<std::string> bodies, const std::string& trace) const;

  struct Outcome {
    std::size_t stored = 0;
    std::size_t known = 0;
  };
  // Stores the bodies in order, without verifying; when it returns they are durable. `trace`: W3C traceparent
  // or empty. Throws Error{not_found} for a route that the integration does not have, Error{unavailable} with
  // retry_after when not all could be stored (repeating is harmless where the route declares a dedupe key).
  boost::asio::awaitable<Outcome> inject(Id integration, std::string route, std::string content_type,
                                         std::vector<std::string> bodies, std::string trace);

 private:
  const RouteTable& routes_;
  InboxCommitter& committer_;
  const Clock& clock_;
};

}  // namespace patchbay::hooks
