#include "net/connect.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "net/impl/wait_for.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kLeastShare{250};
constexpr std::size_t kLargestHead = 8192;

[[noreturn]] void fail(const std::string& host, Duration limit, const boost::system::system_error& error) {
  if (error.code() == asio::error::operation_aborted) throw error;
  if (error.code() == asio::error::timed_out) {
    const auto time = std::to_string(limit.count());
    throw Error(Code::deadline, Text("net.deadline", {{"host", host}, {"timeout_ms", time}}));
  }
  const auto reason = error.code().message();
  throw Error(Code::unavailable, Text("net.not_connected", {{"host", host}, {"reason", reason}}));
}

class Machine final : public Network {
 public:
  explicit Machine(Clock& clock) : clock_(clock) {}

  awaitable<std::vector<std::string>> resolve(std::string name, Duration limit) override {
    auto executor = co_await asio::this_coro::executor;
    const auto resolver = std::make_shared<tcp::resolver>(executor);
    const auto found = std::make_shared<tcp::resolver::results_type>();
    auto begin = [resolver, found, name](auto done) {
      resolver->async_resolve(name, "", [resolver, found, done](error_code error, auto results) {
        *found = std::move(results);
        done(error);
      });
    };
    try {
      auto waiting = wait_for(clock_, limit, std::move(begin));
      co_await std::move(waiting);
    } catch (const boost::system::system_error& error) {
      fail(name, limit, error);
    }
    std::vector<std::string> addresses;
    for (const auto& entry : *found) addresses.push_back(entry.endpoint().address().to_string());
    co_return addresses;
  }

  awaitable<Connected> open(std::string address, std::uint16_t port, Duration limit) override {
    auto executor = co_await asio::this_coro::executor;
    const auto socket = std::make_shared<tcp::socket>(executor);
    const tcp::endpoint endpoint(asio::ip::make_address(address), port);
    auto begin = [socket, endpoint](auto done) {
      socket->async_connect(endpoint, [socket, done](error_code error) { done(error); });
    };
    try {
      auto waiting = wait_for(clock_, limit, std::move(begin));
      co_await std::move(waiting);
      socket->set_option(tcp::no_delay(true));
      socket->set_option(asio::socket_base::keep_alive(true));
      auto peer = socket->remote_endpoint().address().to_string();
      co_return Connected(std::move(*socket), std::move(peer));
    } catch (const boost::system::system_error& error) {
      error_code ignored;
      socket->close(ignored);
      fail(address, limit, error);
    }
  }

 private:
  Clock& clock_;
};

// What a proxy answers to CONNECT. What follows belongs to the tunnel, whose first words may be the
// server's, so not one byte more is read.
class Tunnel : public std::enable_shared_from_this<Tunnel> {
 public:
  using Done = std::function<void(error_code)>;

  Tunnel(tcp::socket socket, std::string request)
      : socket_(std::move(socket)), request_(std::move(request)) {}

  void begin(Done done) {
    asio::async_write(socket_, asio::buffer(request_),
                      [self = shared_from_this(), done](error_code error, std::size_t) {
                        if (error) return done(error);
                        self->read(done);
                      });
  }
  int status() const {  // 0: no answer of HTTP
    constexpr std::size_t kBefore = 9;
    if (!head_.starts_with("HTTP/1.") || head_.size() < kBefore + 3) return 0;
    return std::atoi(head_.substr(kBefore, 3).c_str());
  }
  tcp::socket take() { return std::move(socket_); }

 private:
  void read(const Done& done) {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this(), done](error_code error) {
      if (!error) self->socket_.non_blocking(true, error);
      char byte = 0;
      while (!error && !self->head_.ends_with("\r\n\r\n")) {
        if (self->head_.size() == kLargestHead) return done(asio::error::message_size);
        if (self->socket_.receive(asio::buffer(&byte, 1), 0, error) == 1) self->head_ += byte;
      }
      if (error == asio::error::would_block) return self->read(done);
      done(error);
    });
  }

  tcp::socket socket_;
  const std::string request_;
  std::string head_;
};

std::string tunnel_request(const UrlParts& place, const Proxy& proxy) {
  const bool is_v6 = place.host.find(':') != place.host.npos;
  const auto target = (is_v6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
  const auto login =
      proxy.login.empty() ? "" : "Proxy-Authorization: Basic " + crypto::to_base64(proxy.login) + "\r\n";
  return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + login + "\r\n";
}

awaitable<Connected> dig(Clock& clock, Connected to_proxy, UrlParts place, Proxy proxy, Duration limit) {
  const auto tunnel = std::make_shared<Tunnel>(std::move(to_proxy.socket), tunnel_request(place, proxy));
  auto begin = [tunnel](auto done) { tunnel->begin(done); };
  try {
    auto waiting = wait_for(clock, limit, std::move(begin));
    co_await std::move(waiting);
  } catch (const boost::system::system_error& error) {
    tunnel->take();  // closed here: the reading that goes on ends
    fail(place.host, limit, error);
  }
  const auto status = tunnel->status();
  if (status / 100 == 2) co_return Connected(tunnel->take(), to_proxy.peer);
  throw Error(Code::unavailable, Text(status == 407 ? "net.proxy_login" : "net.proxy_refused",
                                      {{"host", place.host},
                                       {"port", std::to_string(place.port)},
                                       {"proxy", proxy.host},
                                       {"status", std::to_string(status)}}));
}

// As one of two parts of a URL, so that a host is read as everywhere.
UrlParts parse_place(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != host.npos && !host.starts_with('[');
  const auto parts = parse_url("https://" + (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
  if (!parts || parts->target != "/" || parts->port != port)
    throw Error(Code::invalid, Text("net.bad_host", {{"host", host}, {"port", std::to_string(port)}}));
  return *parts;
}

bool may_reach(const EgressRule& rule, const UrlParts& place, const std::string& address) {
  return is_opened(rule, place.host, place.port) || is_in_opened_range(rule, address, place.port) ||
         is_public_address(address);
}

Error refused(const UrlParts& place, const std::string& address) {
  return Error(Code::denied, Text("net.address_refused", {{"host", place.host}, {"address", address}}));
}

}  // namespace

std::unique_ptr<Network> make_network(Clock& clock) {
  return std::make_unique<Machine>(clock);
}

awaitable<Connected> connect(Network& network, Clock& clock, std::vector<std::string> opened,
                             std::optional<Proxy> proxy, std::string host, std::uint16_t port,
                             Duration limit) {
  const auto place = parse_place(host, port);
  EgressRule rule;
  rule.opened = std::move(opened);
  if (const auto reason = refuse_url(rule, place))
    throw Error(Code::denied, Text(*reason, {{"host", place.host}, {"scheme", place.scheme}}));
  const auto until = clock.monotonic() + limit;
  const auto left = [&clock, until] {
    return std::chrono::duration_cast<Duration>(until - clock.monotonic());
  };
  const bool is_direct =
      !proxy || is_opened(rule, place.host, place.port) || is_in_opened_range(rule, place.host, place.port);
  const auto& next = is_direct ? place.host : proxy->host;
  const auto next_port = is_direct ? place.port : proxy->port;
  std::vector<std::string> addresses{next};
  error_code not_numeric;
  asio::ip::make_address(next, not_numeric);
  if (not_numeric) {
    auto resolving = network.resolve(next, limit);
    addresses = co_await std::move(resolving);
  }
  std::optional<Error> last;
  const auto allowed = std::stable_partition(
      addresses.begin(), addresses.end(),
      [&](const std::string& each) { return !is_direct || may_reach(rule, place, each); });
  if (allowed != addresses.end()) last = refused(place, *allowed);
  for (auto each = addresses.begin(); each != allowed; ++each) {
    const auto share = std::max(left() / (allowed - each), kLeastShare);
    try {
      auto opening = network.open(*each, next_port, share);
      auto connected = co_await std::move(opening);
      if (!is_direct) {
        auto digging = dig(clock, std::move(connected), place, *proxy, std::max(left(), kLeastShare));
        co_return co_await std::move(digging);
      }
      if (!may_reach(rule, place, connected.peer)) throw refused(place, connected.peer);
      co_return connected;
    } catch (const Error& error) {
      last = error;
    }
    if (left() <= Duration{0}) break;
  }
  if (!last) last = Error(Code::unavailable, Text("net.no_address", {{"host", next}}));
  throw Error(*last);
}

}  // namespace patchbay::net
