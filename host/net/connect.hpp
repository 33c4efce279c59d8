#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/clock.hpp"
#include "net/egress.hpp"
#include "net/proxy.hpp"

namespace patchbay::net {

// A socket that is connected, and the numeric address at its other end.
struct Connected {
  Connected(boost::asio::ip::tcp::socket socket_, std::string peer_)
      : socket(std::move(socket_)), peer(std::move(peer_)) {}
  boost::asio::ip::tcp::socket socket;
  std::string peer;
};

// Names and sockets, as connect() sees them; tests put their own in its place. On the executor of the caller;
// cancellable.
class Network {
 public:
  virtual ~Network() = default;
  // Numeric addresses in the order in which they are to be tried (RFC 6724). Throws Error: unavailable when
  // there are none, deadline.
  virtual boost::asio::awaitable<std::vector<std::string>> resolve(std::string name, Duration limit) = 0;
  // Throws Error: unavailable, deadline.
  virtual boost::asio::awaitable<Connected> open(std::string address, std::uint16_t port, Duration limit) = 0;
};

// The machine's. `clock` outlives it.
std::unique_ptr<Network> make_network(Clock& clock);

// Tries the addresses of a host one after another (as RFC 8305, without overlap: each gets its share of the
// time), public or opened ones only; `opened` is that of EgressRule. An address that is refused is never sent
// a packet. Throws Error: invalid (no host), denied (the guard), unavailable, deadline. `network` outlives
// it. Through `proxy`, which resolves names itself, whatever is not opened is reached by a tunnel; the guard
// sees names and literal addresses only, and `peer` is the proxy.
boost::asio::awaitable<Connected> connect(Network& network, Clock& clock, std::vector<std::string> opened,
                                          std::optional<Proxy> proxy, std::string host, std::uint16_t port,
                                          Duration limit);

}  // namespace patchbay::net
