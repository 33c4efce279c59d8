#pragma once

#include "web/router.hpp"
#include "web/tokens.hpp"

namespace patchbay::web {

// /api/v1/tokens. Both outlive the router.
class TokensApi {
 public:
  TokensApi(Tokens& tokens, const Clock& clock) : tokens_(tokens), clock_(clock) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> create(Call call);
  boost::asio::awaitable<Response> revoke(Call call);

  Tokens& tokens_;
  const Clock& clock_;
};

}  // namespace patchbay::web
