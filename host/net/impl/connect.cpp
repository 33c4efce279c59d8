#include "net/connect.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"
#include "net/impl/wait_for.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kLeastShare{250};

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
                             std::string host, std::uint16_t port, Duration limit) {
  const auto place = parse_place(host, port);
  EgressRule rule;
  rule.opened = std::move(opened);
  if (const auto reason = refuse_url(rule, place))
    throw Error(Code::denied, Text(*reason, {{"host", place.host}, {"scheme", place.scheme}}));
  const auto until = clock.monotonic() + limit;
  const auto left = [&clock, until] {
    return std::chrono::duration_cast<Duration>(until - clock.monotonic());
  };
  std::vector<std::string> addresses{place.host};
  error_code not_numeric;
  asio::ip::make_address(place.host, not_numeric);
  if (not_numeric) {
    auto resolving = network.resolve(place.host, limit);
    addresses = co_await std::move(resolving);
  }
  std::optional<Error> last;
  const auto allowed =
      std::stable_partition(addresses.begin(), addresses.end(),
                            [&](const std::string& each) { return may_reach(rule, place, each); });
  if (allowed != addresses.end()) last = refused(place, *allowed);
  for (auto each = addresses.begin(); each != allowed; ++each) {
    const auto share = std::max(left() / (allowed - each), kLeastShare);
    try {
      auto opening = network.open(*each, place.port, share);
      auto connected = co_await std::move(opening);
      if (!may_reach(rule, place, connected.peer)) throw refused(place, connected.peer);
      co_return connected;
    } catch (const Error& error) {
      last = error;
    }
    if (left() <= Duration{0}) break;
  }
  if (!last) last = Error(Code::unavailable, Text("net.no_address", {{"host", place.host}}));
  throw Error(*last);
}

}  // namespace patchbay::net
