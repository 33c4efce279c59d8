#include "web/api/chat_reader.hpp"

#include "base/error.hpp"
#include "web/api/session.hpp"

namespace patchbay::web {

boost::asio::awaitable<void> require_chat_reader(const Call& call, domain::routing::Router& routing) {
  if (call.who.operations.has(Operation::read_chats)) co_return;
  auto asked = routing.may_read(call.id(), session_of(call).user.id);
  const bool may = co_await std::move(asked);
  if (!may) throw Error(Code::not_found, Text("domain.chat.no_chat", {{"id", call.param("id")}}));
}

}  // namespace patchbay::web
