#include "supervisor/impl/signal.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace patchbay::supervisor {

namespace asio = boost::asio;

asio::awaitable<void> Signal::wait() {
  auto start = [this](auto handler) { waiting_.emplace_back(std::move(handler)); };
  auto woken =
      asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
  co_await std::move(woken);
}

void Signal::notify() {
  std::vector<asio::any_completion_handler<void()>> ready;
  ready.swap(waiting_);
  for (auto& handler : ready) {
    asio::post(strand_, [handler = std::move(handler)]() mutable { std::move(handler)(); });
  }
}

}  // namespace patchbay::supervisor
