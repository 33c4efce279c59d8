#pragma once

#include "web/router.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// /api/v1/tokens. `tokens` outlives the router.
class TokensApi {
 public:
  explicit TokensApi(Tokens& tokens) : tokens_(tokens) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> revoke(Call call);

  Tokens& tokens_;
};

}  // namespace patchbay::web
