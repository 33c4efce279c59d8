#pragma once

#include "domain/chat/chat_actions.hpp"
#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/chat-actions: what operators can start in chats (CHAT-18); those of one chat at
// /api/v1/chats/{id}/actions, and at /api/v1/desk/chats/{id}/actions for whoever may read it. Both outlive
// the router.
class ChatActionsApi {
 public:
  ChatActionsApi(domain::chat::ChatActions& actions, domain::routing::Router& routing)
      : actions_(actions), routing_(routing) {}

  void add_to(Router& router);

 private:
  void add_chat_to(Router& router, const std::string& path, Operation read, Operation write);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> for_chat(Call call);
  boost::asio::awaitable<Response> start(Call call);

  domain::chat::ChatActions& actions_;
  domain::routing::Router& routing_;
};

}  // namespace patchbay::web
