#include "live/impl/bell.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace patchbay::live {

namespace asio = boost::asio;

asio::awaitable<bool> Bell::wait(Clock& clock, Duration most) {
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = clock.after(executor, most, [bell = weak_from_this()] {
    if (const auto alive = bell.lock()) alive->knock();
  });
  co_await token_.async_receive(asio::use_awaitable);
  co_return rung_.exchange(false);
}

}  // namespace patchbay::live
