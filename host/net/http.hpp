#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "net/egress.hpp"

namespace patchbay::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

// One part of a multipart/form-data body. `read` (when set) streams `size` bytes instead of `data`.
struct FormPart {
  std::string name;
  std::string file_name;  // empty: a plain field
  std::string type;
  std::string data;
  std::uint64_t size = 0;
  std::function<std::size_t(char* to, std::size_t room)> read;  // on the client's thread; must not block for long
};

struct HttpRequest {
  HttpRequest(std::string method_, std::string url_) : method(std::move(method_)), url(std::move(url_)) {}

  std::string method;  // any token (RFC 9110)
  std::string url;     // goes out byte for byte
  Headers headers;
  std::string body;
  std::vector<FormPart> parts;  // not empty: multipart/form-data, `body` is ignored
  Duration timeout{30'000};
  std::uint64_t max_response = 8u << 20;  // bytes; beyond it Error{invalid} "net.response_too_large"
  int max_redirects = 0;
  bool auth_across_hosts = false;  // whether Authorization follows a redirect to another host
  bool long_poll = false;          // its own connections, so that waiting polls do not starve sends
  std::function<void(std::string_view)> on_body;  // streams the body instead of keeping it; on the client's thread
};

struct HttpResponse {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
};

// Outgoing HTTP over one libcurl multi handle driven by Asio: pooled, TLS verified, checked by the egress guard on the
// address really connected to. Any thread may call; cancellable. One a process.
class HttpClient {
 public:
  struct Options {
    std::string proxy;        // empty: none
    std::string ca_file;      // empty: the system's
    std::string user_agent = "Patchbay";
    std::size_t connections = 256;
    std::size_t connections_per_host = 32;
  };

  static std::unique_ptr<HttpClient> make(boost::asio::any_io_executor executor, Options options);
  virtual ~HttpClient() = default;

  // `guard` decides about each address, redirects included. Throws Error: denied (guard, certificate), unavailable (not
  // connected: nothing happened), outcome_unknown (sent, no whole answer), deadline (timed out before anything was
  // sent), invalid (URL, too large), cancelled. Any status is an answer, not an error.
  virtual boost::asio::awaitable<HttpResponse> fetch(HttpRequest request, EgressRule guard) = 0;
};

}  // namespace patchbay::net
