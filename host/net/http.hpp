#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "net/egress.hpp"

namespace patchbay::net {

// Once a process, in main, before any thread; never undone.
void init();

using Headers = std::vector<std::pair<std::string, std::string>>;

// One part of a multipart/form-data body. `read` (when set) streams `size` bytes instead of `data`: it gives
// the next piece, on fetch()'s executor, an empty one at the end. What it throws ends the request and leaves
// fetch().
struct FormPart {
  std::string name;
  std::string file_name;  // empty: a plain field
  std::string type;
  std::string data;
  std::uint64_t size = 0;
  std::function<boost::asio::awaitable<std::string>()> read;
};

// User name and password, with which libcurl answers the server's challenge. The password is given to nobody
// but the server of the request (redirects: see HttpRequest::trusted).
struct Login {
  enum class Scheme { digest, ntlm };  // RFC 7616; MS-NTHT, which needs a session

  Scheme scheme = Scheme::digest;
  std::string user;  // for ntlm also DOMAIN\\user
  std::string password;
};

// One connection and one cookie jar for the requests that name it, which run one after another in the order
// of their fetch(). The jar holds what servers set, for the hosts and paths that they may set it for. Made by
// HttpClient::make_session; ends with its last owner. Any thread.
class HttpSession {
 public:
  virtual ~HttpSession() = default;
};

struct HttpResponse {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
};

struct HttpRequest {
  HttpRequest(std::string method_, std::string url_) : method(std::move(method_)), url(std::move(url_)) {}

  std::string method;  // any token (RFC 9110)
  std::string url;     // goes out byte for byte
  Headers headers;
  std::string body;
  std::vector<FormPart> parts;    // not empty: multipart/form-data, `body` is ignored
  std::optional<FormPart> whole;  // its `read` streams `size` bytes as the body; `body` is ignored
  Duration timeout{30'000};
  std::uint64_t max_response = 8u << 20;  // bytes; beyond it Error{invalid} "net.response_too_large"
  int max_redirects = 0;
  // Whether a redirect may carry to this place what was meant for the first one: Authorization, Cookie,
  // `private_headers`, `login` and a body. Unset: the same scheme, host and port only. Elsewhere those are
  // dropped, and a redirect that keeps a body is not followed.
  std::function<bool(const UrlParts&)> trusted;
  std::vector<std::string> private_headers;  // names in lower case
  bool long_poll = false;                    // its own connections, so that waiting polls do not starve sends
  // Streams the body of a 2xx answer instead of keeping it, on fetch()'s executor, piece by piece; nothing
  // more is read from the network meanwhile than fits a small buffer. What it throws leaves fetch().
  std::function<boost::asio::awaitable<void>(std::string piece)> on_body;
  // With on_body: hears of a 2xx answer before its body, as soon as its headers are there. From then on
  // neither `timeout` nor `max_response` holds: the answer may be endless.
  std::function<boost::asio::awaitable<void>(HttpResponse head)> on_head;
  std::string authorities;  // PEM: whom to believe instead of Options::ca_file; empty: whom that names
  std::optional<Login> login;
  std::shared_ptr<HttpSession> session;  // of the same client; null: any kept connection, and no cookies
};

// Outgoing HTTP over one libcurl multi handle driven by Asio: pooled, TLS verified, checked by the egress
// guard on the address really connected to. Any thread may call; cancellable. One a process.
class HttpClient {
 public:
  struct Options {
    std::string proxy;    // empty: none
    std::string ca_file;  // empty: the system's
    std::string user_agent = "Patchbay";
    std::size_t connections = 256;
    std::size_t connections_per_host = 32;  // long polls apart: each holds one as long as it waits
    // For tests: "name:port:address" instead of DNS, and a last word before a socket is opened to a numeric
    // address.
    std::vector<std::string> resolve;
    std::function<bool(std::string_view address)> may_connect;
  };

  // init() must have been called. The client is destroyed after its last fetch and before the executor's
  // context.
  static std::unique_ptr<HttpClient> make(boost::asio::any_io_executor executor, Options options);
  virtual ~HttpClient() = default;

  // `guard` decides about each address, redirects included; through a proxy, which resolves names itself,
  // about names and literal addresses. A redirect keeps its method and body, except 303, which becomes GET.
  // Throws Error: denied (guard, certificate), unavailable (not connected: nothing happened), outcome_unknown
  // (sent, no whole answer), deadline (timed out before anything was sent), invalid (URL, method, header, too
  // large). Cancelled, it ends by system_error(operation_aborted), as every wait does. Any status is an
  // answer, not an error. A request is never sent twice, except GET, HEAD and OPTIONS on a kept connection
  // that turns out to be dead, and for a login, whose first attempts carry no body. Waiting for the turn in a
  // session counts into the timeout.
  virtual boost::asio::awaitable<HttpResponse> fetch(HttpRequest request, EgressRule guard) = 0;

  virtual std::shared_ptr<HttpSession> make_session() = 0;
};

}  // namespace patchbay::net
