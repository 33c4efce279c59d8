#pragma once

#include "domain/chat/search.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/messages: search through the whole correspondence, and take it away (CHAT-14). `search` outlives
// the router and its answers.
class MessagesApi {
 public:
  explicit MessagesApi(domain::chat::Search& search) : search_(search) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> find(Call call);
  boost::asio::awaitable<Response> take(Call call);

  domain::chat::Search& search_;
};

}  // namespace patchbay::web
