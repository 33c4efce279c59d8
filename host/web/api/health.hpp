#pragma once

#include "supervisor/health_board.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/health: how the running integrations, their workers and plugins are and were (HOST-8). The board
// outlives the router.
class HealthApi {
 public:
  explicit HealthApi(supervisor::HealthBoard& board) : board_(board) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> list(Call call);
  boost::asio::awaitable<Response> show(Call call);
  boost::asio::awaitable<Response> history(Call call);
  boost::asio::awaitable<Response> plugins(Call call);

  supervisor::HealthBoard& board_;
};

}  // namespace patchbay::web
