#pragma once

#include "domain/chat/chats.hpp"
#include "domain/chat/client_contacts.hpp"
#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/chats, the messages in them and what became of them; the same of one chat at /api/v1/desk/chats for
// operators, who need no operation: there a chat that they may not read (routing::Router::may_read) is none,
// and they write only in those that they have. All outlive the router.
class ChatsApi {
 public:
  ChatsApi(domain::chat::Chats& chats, domain::routing::Router& routing,
           domain::chat::ClientContacts& contacts)
      : chats_(chats), routing_(routing), contacts_(contacts) {}

  void add_to(Router& router);

 private:
  void add_chat_to(Router& router, const std::string& path, Operation read, Operation write);
  void add_contact_to(Router& router, const std::string& path, Operation write);
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> messages(Call call);
  boost::asio::awaitable<Response> message(Call call);
  boost::asio::awaitable<Response> history(Call call);
  boost::asio::awaitable<Response> post(Call call);
  boost::asio::awaitable<Response> templates(Call call);
  boost::asio::awaitable<Response> channel(Call call);
  boost::asio::awaitable<Response> link_contact(Call call);
  boost::asio::awaitable<Response> make_contact(Call call);
  boost::asio::awaitable<Response> unlink_contact(Call call);

  // Whether he may write only in chats that he has, which he can read then; else Error{not_found}.
  boost::asio::awaitable<bool> only_own(const Call& call);

  domain::chat::Chats& chats_;
  domain::routing::Router& routing_;
  domain::chat::ClientContacts& contacts_;
};

}  // namespace patchbay::web
