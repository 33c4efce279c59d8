#include "web/impl/wire.hpp"

#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace patchbay::web {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Wants = tls::Stream::Wants;

namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

Wire::Wire(tcp::socket socket, std::shared_ptr<const tls::Identity> identity) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  if (!identity) return;
  socket_.native_non_blocking(true, ignored);
  tls_.emplace(std::move(identity), socket_.native_handle());
}

std::string Wire::peer() const {
  error_code ignored;
  return socket_.remote_endpoint(ignored).address().to_string();
}

asio::awaitable<bool> Wire::open() {
  if (!tls_) co_return true;
  auto wants = tls_->handshake();
  while (wants == Wants::read || wants == Wants::write) {
    const bool goes_on = co_await wait_for(wants);
    if (!goes_on) co_return false;
    wants = tls_->handshake();
  }
  co_return wants == Wants::nothing;
}

// Until the socket can be read or written; false when that will not be.
asio::awaitable<bool> Wire::wait_for(Wants wants) {
  const auto what = wants == Wants::read ? tcp::socket::wait_read : tcp::socket::wait_write;
  const auto [error] = co_await socket_.async_wait(what, kToken);
  co_return !error && !closed_;
}

asio::awaitable<std::size_t> Wire::read_some(char* room, std::size_t size) {
  if (!tls_) {
    const auto buffer = asio::buffer(room, size);
    const auto [error, got] = co_await socket_.async_read_some(buffer, kToken);
    co_return error ? 0 : got;
  }
  std::size_t got = 0;
  auto wants = tls_->read(room, size, got);
  while (wants == Wants::read || wants == Wants::write) {
    const bool goes_on = co_await wait_for(wants);
    if (!goes_on) co_return 0;
    wants = tls_->read(room, size, got);
  }
  co_return got;
}

asio::awaitable<bool> Wire::write(std::string_view bytes) {
  if (tls_) co_return co_await write_secured(bytes);
  const auto data = asio::buffer(bytes.data(), bytes.size());
  const auto [error, size] = co_await asio::async_write(socket_, data, kToken);
  co_return !error;
}

asio::awaitable<bool> Wire::write_secured(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    const auto wants = tls_->write(bytes, sent);
    bytes.remove_prefix(sent);
    if (wants == Wants::nothing) continue;
    if (wants == Wants::end) co_return false;
    const bool goes_on = co_await wait_for(wants);
    if (!goes_on) co_return false;
  }
  co_return true;
}

bool Wire::finish() {
  error_code error;
  if (tls_) tls_->close();
  socket_.shutdown(tcp::socket::shutdown_send, error);
  return !error;
}

bool Wire::has_input() {
  error_code ignored;
  return socket_.available(ignored) != 0;
}

void Wire::watch(std::function<void()> stirred) {
  socket_.async_wait(tcp::socket::wait_read, [stirred = std::move(stirred)](const error_code& error) {
    if (!error) stirred();
  });
}

bool Wire::is_hung_up() {
  pollfd one{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&one, 1, 0) > 0;
}

void Wire::close() {
  error_code ignored;
  closed_ = true;
  socket_.close(ignored);
}

}  // namespace patchbay::web
