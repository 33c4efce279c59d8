#pragma once

#include "domain/chat/quick_replies.hpp"
#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/quick-replies, and those for a chat at /api/v1/desk/chats/{id}/quick-replies, for whom may read it
// (CHAT-17). Both outlive the router.
class QuickRepliesApi {
 public:
  QuickRepliesApi(domain::chat::QuickReplies& replies, domain::routing::Router& routing)
      : replies_(replies), routing_(routing) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> change(Call call);
  boost::asio::awaitable<Response> remove(Call call);
  boost::asio::awaitable<Response> for_chat(Call call);

  domain::chat::QuickReplies& replies_;
  domain::routing::Router& routing_;
};

}  // namespace patchbay::web
