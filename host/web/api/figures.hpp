#pragma once

#include "base/clock.hpp"
#include "domain/figures/figures.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/figures/chats: what an admin wants to know of chats (CHAT-31). Both outlive the router.
class FiguresApi {
 public:
  FiguresApi(domain::figures::Figures& figures, const Clock& clock) : figures_(figures), clock_(clock) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> chats(Call call);

  domain::figures::Figures& figures_;
  const Clock& clock_;
};

}  // namespace patchbay::web
