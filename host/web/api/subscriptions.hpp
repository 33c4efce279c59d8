#pragma once

#include "domain/subscriptions/subscriptions.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/subscriptions and /api/v1/subscription-deliveries (REC-4). `subscriptions` outlives the router.
class SubscriptionsApi {
 public:
  explicit SubscriptionsApi(domain::subscriptions::Subscriptions& subscriptions)
      : subscriptions_(subscriptions) {}

  void add_to(Router& router);

 private:
  void add_deliveries_to(Router& router);
  boost::asio::awaitable<Response> types(Call call);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> renew_secret(Call call);
  boost::asio::awaitable<Response> test(Call call);
  boost::asio::awaitable<Response> deliveries(Call call);
  boost::asio::awaitable<Response> delivery(Call call);
  boost::asio::awaitable<Response> replay(Call call);
  boost::asio::awaitable<Response> replay_all(Call call);

  domain::subscriptions::Subscriptions& subscriptions_;
};

}  // namespace patchbay::web
