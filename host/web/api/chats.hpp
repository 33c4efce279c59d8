#pragma once

#include "domain/chat/chats.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/chats and the messages in them. `chats` outlives the router.
class ChatsApi {
 public:
  explicit ChatsApi(domain::chat::Chats& chats) : chats_(chats) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> messages(Call call);
  boost::asio::awaitable<Response> message(Call call);
  boost::asio::awaitable<Response> post(Call call);

  domain::chat::Chats& chats_;
};

}  // namespace patchbay::web
