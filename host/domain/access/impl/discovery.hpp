#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async_lock.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "domain/access/identity.hpp"
#include "log/log.hpp"
#include "net/http.hpp"

namespace patchbay::domain::access {

// What the identity server says of itself, asked once a minute at most, and while it is away every few
// seconds, whoever knocks. Any thread.
class Discovery {
 public:
  using Opened = std::function<std::vector<std::string>()>;
  struct Parts {
    boost::asio::any_io_executor executor;
    const Clock& clock;
    net::HttpClient& http;
    Opened opened;
    log::Logger logger;
  };
  explicit Discovery(Parts parts) : parts_(std::move(parts)), turns_(parts_.executor) {}

  // Throws Error{unavailable} with the reason.
  boost::asio::awaitable<IdentityServer> find(std::string address);
  // What it answers to a GET; an access token goes along where there is one. Throws Error{unavailable}
  // "domain.identity.away".
  boost::asio::awaitable<std::string> get(std::string address, std::string token) const;

 private:
  std::optional<IdentityServer> kept(const std::string& address) const;

  const Parts parts_;
  AsyncLocks turns_;
  mutable std::mutex mutex_;  // of what follows
  std::string address_;
  std::optional<IdentityServer> server_;
  std::optional<Error> failed_;
  std::chrono::nanoseconds asked_{0};
};

}  // namespace patchbay::domain::access
