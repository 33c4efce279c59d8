#pragma once

#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/desk: what an operator has and does. Of one's own session; a chat that is neither one's own nor
// offered is 403 (whoever manages chats may act on all). `chats` outlives the router.
class DeskApi {
 public:
  explicit DeskApi(domain::routing::Router& chats) : chats_(chats) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> be_present(Call call);
  boost::asio::awaitable<Response> colleagues(Call call);
  boost::asio::awaitable<Response> accept(Call call);
  boost::asio::awaitable<Response> finish(Call call);
  boost::asio::awaitable<Response> hand_back(Call call);
  boost::asio::awaitable<Response> transfer(Call call);

  domain::routing::Router& chats_;
};

}  // namespace patchbay::web
