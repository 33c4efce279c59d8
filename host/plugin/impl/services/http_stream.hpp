#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/task_scope.hpp"
#include "net/http.hpp"

namespace patchbay::plugin {

// An answer that is read piece by piece while it comes; what is not read stays in the network. One reader at
// a time. Any thread. Given up when it is destroyed.
class HttpStream {
 public:
  struct Piece {
    std::string data;      // empty when none came in time
    bool is_last = false;  // and nothing follows
  };

  // `clock` outlives it.
  HttpStream(const boost::asio::any_io_executor& executor, Clock& clock);
  ~HttpStream();
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  // Once, before anything else. `tasks` carries the request; `http` outlives that.
  void start(TaskScope& tasks, net::HttpClient& http, net::HttpRequest request, net::EgressRule guard);
  // Status and headers, as soon as they are there; of an answer that is not 2xx also the body. Throws what
  // HttpClient::fetch throws.
  boost::asio::awaitable<net::HttpResponse> opened();
  // What has come since, or what comes within `wait`. Throws Error: conflict while another one reads,
  // unavailable when the answer broke off.
  boost::asio::awaitable<Piece> next(Duration wait);
  // Gives the request up, also for who reads. Harmless when repeated.
  void end();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace patchbay::plugin
