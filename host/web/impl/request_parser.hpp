#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "web/http_message.hpp"

namespace patchbay::web {

// Beast's parser, writing straight into our own request. One per request. Included by http_server.cpp only.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  RequestParser(std::size_t header_bytes, std::size_t header_fields)
      : header_bytes_(header_bytes), header_fields_(header_fields) {
    header_limit(static_cast<std::uint32_t>(header_bytes));
    body_limit(boost::none);  // decided by path, when the header is there
  }

  Request request;
  std::string body;  // what has come since it was last taken
  bool http11 = false;

  // As of the base, but what may be the last chunk is parsed only once there is all of it: Beast before
  // Boost 1.86 ends the process where "0\r\n" and what follows come one by one (boostorg/beast#2861).
  std::size_t put(boost::asio::const_buffer bytes, Error& error) {
    constexpr std::size_t kLastChunk = 5;
    const bool may_be_last = bytes.size() > 0 && *static_cast<const char*>(bytes.data()) == '0';
    if (is_header_done() && chunked() && may_be_last && bytes.size() < kLastChunk) {
      error = boost::beast::http::error::need_more;
      return 0;
    }
    return basic_parser::put(bytes, error);
  }

  // What makes a header that parses one that must still be refused (RFC 9112: Host; framing that two servers
  // could read in two ways); empty: nothing.
  std::string_view complaint() const {
    if (hosts_ > 1 || (http11 && hosts_ == 0)) return "host";
    if (strange_encoding_ || (chunked() && !http11)) return "transfer-encoding";
    return {};
  }

 private:
  void on_request_impl(boost::beast::http::verb, View method, View target, int version, Error&) override {
    request.method.assign(method.data(), method.size());
    // absolute-form: a proxy's way to say the same
    if (target.starts_with("http://") || target.starts_with("https://")) {
      const auto slash = target.find('/', target.find("//") + 2);
      target = slash == View::npos ? View("/") : target.substr(slash);
    }
    request.target.assign(target.data(), target.size());
    http11 = version == 11;
  }
  void on_response_impl(int, View, int, Error&) override {}

  void on_field_impl(boost::beast::http::field name, View text, View value, Error& error) override {
    if (is_header_done()) return;  // a trailer: nothing that we use may come there
    if (name == boost::beast::http::field::host) ++hosts_;
    if (name == boost::beast::http::field::transfer_encoding && !boost::beast::iequals(value, "chunked")) {
      strange_encoding_ = true;
    }
    request.headers.add(std::string_view(text.data(), text.size()),
                        std::string_view(value.data(), value.size()));
    if (request.headers.bytes() > header_bytes_ || request.headers.size() > header_fields_) {
      error = boost::beast::http::error::header_limit;
    }
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View piece, Error&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View piece, Error&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(Error&) override {}

  std::size_t header_bytes_;
  std::size_t header_fields_;
  int hosts_ = 0;
  bool strange_encoding_ = false;
};

}  // namespace patchbay::web
