#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tls/tls.hpp"

namespace patchbay::web {

// The bytes of one connection, with TLS or without. On its strand.
class Wire {
 public:
  // `identity` null: plain.
  Wire(boost::asio::ip::tcp::socket socket, std::shared_ptr<const tls::Identity> identity);

  bool secured() const { return tls_.has_value(); }
  std::string peer() const;
  boost::asio::any_io_executor executor() { return socket_.get_executor(); }

  // The handshake, where there is one. False: there will be no connection.
  boost::asio::awaitable<bool> open();
  // What has come, at least a byte; zero at the end.
  boost::asio::awaitable<std::size_t> read_some(char* room, std::size_t size);
  // False: it cannot be written any more.
  boost::asio::awaitable<bool> write(std::string_view bytes);
  // Says that no more is written; false when the other side is gone.
  bool finish();
  // Something is waiting to be read.
  bool has_input();
  // Calls `stirred` once, when something has come or the other side has closed. Not when it is destroyed
  // before.
  void watch(std::function<void()> stirred);
  // The other side has said that no more comes, or is gone; what it has sent before may still wait.
  bool is_hung_up();
  // Whoever waits is told.
  void close();

 private:
  boost::asio::awaitable<bool> wait_for(tls::Stream::Wants wants);
  boost::asio::awaitable<bool> write_secured(std::string_view bytes);

  boost::asio::ip::tcp::socket socket_;
  std::optional<tls::Stream> tls_;
  bool closed_ = false;
};

}  // namespace patchbay::web
