#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "log/log.hpp"
#include "tls/tls.hpp"
#include "web/forwarded.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// How the body of a request is taken.
class BodyPlan {
 public:
  explicit BodyPlan(std::uint64_t limit_, bool streamed_ = false) : limit(limit_), streamed(streamed_) {}
  std::uint64_t limit;  // bytes; more is 413, before it is read where its length is told
  bool streamed;        // the handler starts at once and pulls from Request::stream what has not arrived yet
};

// What is served. Called on the connection's strand, many connections at a time.
class Application {
 public:
  virtual ~Application() = default;
  // Called when the header is there, for requests with a body; must not block. Throw Error (or StatusError)
  // to refuse.
  virtual BodyPlan plan(const Request& head) = 0;
  // Throws Error for what becomes application/problem+json; anything else is logged and becomes 500.
  virtual boost::asio::awaitable<Response> handle(Request request) = 0;
};

// HTTP/1.1 on a TCP port: keep-alive, pipelining, `Expect: 100-continue`, limits on everything a client
// decides. Each connection runs on a strand of its own. With TLS where there is a tls::Identity.
class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    int inherited = -1;      // a descriptor that listens already, used in place of the address; taken over
    std::size_t max_connections = 10'000;      // beyond: 503 and closed
    std::size_t header_limit = 16u << 10;      // bytes: 431
    std::size_t header_fields = 128;           // 431
    std::uint64_t buffered_limit = 64u << 20;  // bytes of unfinished buffered bodies together, beyond: 503
    TrustsProxy trusts_proxy;                  // empty: none
    std::shared_ptr<const tls::Identity> tls;  // null: plain
    Duration header_timeout{10'000};  // from its first byte (of a new connection: from the start) to its end
    Duration idle_timeout{75'000};    // between requests
    Duration transfer_timeout{30'000};  // without any progress, and the grace below min_rate
    std::uint64_t min_rate = 4096;      // bytes a second that a body must reach on average after the grace
  };

  // `clock` and `application` outlive the server.
  HttpServer(boost::asio::any_io_executor executor, Clock& clock, log::Logger logger, Options options,
             Application& application);
  // stop() must have been awaited if start() succeeded.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes the address: clients wait from now on. Throws Error{unavailable} "web.cannot_listen" when it cannot
  // be had.
  void bind();
  // Serves; binds first if that has not been done.
  void start();
  // New connections are shown this from now on; only with Options::tls. Any thread.
  void show(std::shared_ptr<const tls::Identity> identity);
  // The port that was bound.
  std::uint16_t port() const;
  std::size_t connections() const;

  // No new connections; idle ones close; running requests finish and answer with `Connection: close`. What
  // still runs after `bound` is cut.
  boost::asio::awaitable<void> stop(Duration bound);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::web
