#pragma once

#include "hooks/inbox.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/inbox: stored webhooks. `inbox` outlives the router.
class InboxApi {
 public:
  explicit InboxApi(hooks::Inbox& inbox) : inbox_(inbox) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> replay(Call call);
  boost::asio::awaitable<Response> replay_period(Call call);
  boost::asio::awaitable<Response> discard(Call call);
  boost::asio::awaitable<Response> show_again(Id id, std::string language);

  hooks::Inbox& inbox_;
};

}  // namespace patchbay::web
