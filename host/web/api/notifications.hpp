#pragma once

#include "domain/notifications/notifications.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/notifications: what whoever is signed in was told (REC-5). `notifications` outlives the router.
class NotificationsApi {
 public:
  explicit NotificationsApi(domain::notifications::Notifications& notifications)
      : notifications_(notifications) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> unread(Call call);
  boost::asio::awaitable<Response> mark_read(Call call);
  boost::asio::awaitable<Response> mark_all_read(Call call);

  domain::notifications::Notifications& notifications_;
};

}  // namespace patchbay::web
