#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace patchbay::web {

// Header fields in order of arrival, names in lower case. All text lies in one string: two allocations,
// however many fields there are. Views stay good until the next add(), and not beyond a move.
class Headers {
 public:
  using Field = std::pair<std::string_view, std::string_view>;

  void add(std::string_view name, std::string_view value);
  // The first field of that name (lower case), or empty.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;

  std::size_t size() const { return spans_.size(); }
  bool empty() const { return spans_.empty(); }
  Field operator[](std::size_t index) const;
  std::size_t bytes() const { return text_.size(); }

 private:
  struct Span {
    std::uint32_t name;
    std::uint32_t name_size;
    std::uint32_t value_size;  // follows the name
  };
  std::string text_;
  std::vector<Span> spans_;
};

// What of a body has not arrived with the header. Belongs to the connection; may be used by the handler, one
// call at a time, until it has answered.
class Body {
 public:
  virtual ~Body() = default;
  // The next piece as it comes, at most 64 KiB; empty at the end. Throws StatusError 413 beyond the limit,
  // 400 for a broken encoding, and boost::system::system_error when the client is gone or too slow (let it
  // pass).
  virtual boost::asio::awaitable<std::string> next() = 0;
  // All that is left.
  boost::asio::awaitable<std::string> rest();
};

// One request. Moves along; nothing in it refers to the connection but `stream`.
class Request {
 public:
  std::string method;  // any token, as sent
  std::string target;  // as sent: "/api/v1/chats?limit=5"
  Headers headers;
  std::string body;  // whole, unless `stream` is set: then empty
  Body* stream = nullptr;
  std::string peer;   // numeric address of the client
  std::string trace;  // W3C traceparent of this request

  // Not decoded.
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const;
  // The value of the first cookie of that name (RFC 6265, 4.2.1), as sent; empty when there is none.
  std::string_view cookie(std::string_view name) const;
  // What X-Request-Id says: the id of the trace.
  std::string_view id() const { return std::string_view(trace).substr(3, 32); }
};

// A body that is made while it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Known length, or nothing: then it is sent in chunks.
  virtual std::optional<std::uint64_t> size() const = 0;
  // The next piece; empty at the end. An exception cuts the connection, so that nobody takes half for the
  // whole.
  virtual boost::asio::awaitable<std::string> next() = 0;
  // Whether it goes on until somebody ends it: the connection then looks out for the client's end.
  virtual bool is_endless() const { return false; }
  // The client has left, or the server stops: an endless one gives its end soon. On the connection's strand,
  // also while next() waits.
  virtual void end() {}
};

class Response {
 public:
  Response() = default;
  explicit Response(int status_) : status(status_) {}
  Response(int status_, std::string type_, std::string body_)
      : status(status_), type(std::move(type_)), body(std::move(body_)) {}

  int status = 200;
  std::string type;  // Content-Type; empty: none
  Headers headers;   // more fields; lengths, dates, ids and security headers are the server's work
  std::string body;
  std::shared_ptr<BodySource> source;  // instead of `body`
};

}  // namespace patchbay::web
