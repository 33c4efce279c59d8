#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/this_coro.hpp>

#include "base/error.hpp"
#include "net/connect.hpp"

namespace patchbay::support {

// A network in which nothing leaves the process: what is opened is written down, and is a socket that leads
// nowhere.
class FakeNetwork final : public net::Network {
 public:
  boost::asio::awaitable<std::vector<std::string>> resolve(std::string name, Duration) override {
    resolved.push_back(name);
    co_return addresses[name];
  }
  boost::asio::awaitable<net::Connected> open(std::string address, std::uint16_t port, Duration) override {
    opened.push_back(address + " " + std::to_string(port));
    if (down.contains(address)) throw Error(Code::unavailable, Text::verbatim(address + " is down"));
    auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::ip::tcp::socket socket(executor, boost::asio::ip::tcp::v4());
    if (local_port != 0)
      socket.connect({boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(local_port)});
    const auto found = peers.find(address);
    co_return net::Connected(std::move(socket), found == peers.end() ? address : found->second);
  }

  std::map<std::string, std::vector<std::string>> addresses;
  std::map<std::string, std::string> peers;  // who is at the other end of what is opened, if it is another
  std::set<std::string> down;
  int local_port = 0;  // of this machine, to which every socket leads; 0: nowhere
  std::vector<std::string> resolved;
  std::vector<std::string> opened;
};

}  // namespace patchbay::support
