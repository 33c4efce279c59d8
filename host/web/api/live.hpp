#pragma once

#include "base/clock.hpp"
#include "domain/access/sessions.hpp"
#include "domain/notifications/notifications.hpp"
#include "domain/routing/router.hpp"
#include "live/feed.hpp"
#include "web/event_streams.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/desk/events: what happens, as it happens, to whoever is signed in, of what he may see (CHAT-20).
// While it is open its operator is present (CHAT-6).
class LiveApi {
 public:
  // All outlive the router and its streams.
  struct Parts {
    Parts(EventStreams& s, live::Feed& f, domain::routing::Router& r, domain::access::Sessions& a,
          domain::notifications::Notifications& n, Clock& c)
        : streams(s), feed(f), routing(r), sessions(a), notifications(n), clock(c) {}
    EventStreams& streams;
    live::Feed& feed;
    domain::routing::Router& routing;
    domain::access::Sessions& sessions;
    domain::notifications::Notifications& notifications;
    Clock& clock;
  };
  explicit LiveApi(Parts parts) : parts_(parts) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> open(Call call);

  const Parts parts_;
};

}  // namespace patchbay::web
