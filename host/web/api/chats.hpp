#pragma once

#include "domain/chat/chats.hpp"
#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/chats, the messages in them and what became of them; the same of one chat at /api/v1/desk/chats for
// operators, who need no operation: there a chat that they may not read (routing::Router::may_read) is none,
// and they send only in those that they have. Both outlive the router.
class ChatsApi {
 public:
  ChatsApi(domain::chat::Chats& chats, domain::routing::Router& routing) : chats_(chats), routing_(routing) {}

  void add_to(Router& router);

 private:
  void add_chat_to(Router& router, const std::string& path, Operation read, Operation write);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> messages(Call call);
  boost::asio::awaitable<Response> message(Call call);
  boost::asio::awaitable<Response> history(Call call);
  boost::asio::awaitable<Response> post(Call call);
  boost::asio::awaitable<Response> templates(Call call);

  domain::chat::Chats& chats_;
  domain::routing::Router& routing_;
};

}  // namespace patchbay::web
