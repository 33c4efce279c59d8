#pragma once

#include "domain/routing/queues.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/queues and /api/v1/channels: where chats go. `queues` outlives the router.
class QueuesApi {
 public:
  explicit QueuesApi(domain::routing::Queues& queues) : queues_(queues) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> channels(Call call);
  boost::asio::awaitable<Response> channel(Call call);
  boost::asio::awaitable<Response> change_channel(Call call);

  domain::routing::Queues& queues_;
};

}  // namespace patchbay::web
