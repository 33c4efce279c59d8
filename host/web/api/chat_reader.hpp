#pragma once

#include <boost/asio/awaitable.hpp>

#include "domain/routing/router.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// Whoever may read all chats, or is an operator who may read the one at {id} (routing::Router::may_read).
// Throws Error{not_found} for whom that chat is none. Both outlive what is returned.
boost::asio::awaitable<void> require_chat_reader(const Call& call, domain::routing::Router& routing);

}  // namespace patchbay::web
