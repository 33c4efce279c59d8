#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include <boost/system/error_code.hpp>
#include <curl/curl.h>

#include "net/egress.hpp"
#include "net/http.hpp"

namespace patchbay::net {

bool is_safe_method(std::string_view method);
bool is_redirect(int status);

// One request on one curl handle, without redirects. Built by a coroutine, then touched on the multi's strand only, until
// `done` has run.
class Transfer {
 public:
  // `options` outlives the transfer. Throws Error{invalid} for what cannot be sent.
  Transfer(std::shared_ptr<const HttpRequest> request, UrlParts url, EgressRule guard, const HttpClient::Options& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_; }
  void set_timeout(Duration left);
  // Throws what went wrong; returns when a whole answer is there.
  void check(CURLcode code) const;
  HttpResponse take_response() { return std::move(response_); }

  // Set by the multi: told once, with an error when the transfer was cancelled.
  std::function<void(boost::system::error_code, CURLcode)> done;

 private:
  void set_target();
  void set_method();
  void set_headers();
  void set_body();
  void set_parts();
  void set_guard();
  void set_results();

  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_ready(void* self, char* remote, char* local, int remote_port, int local_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_data(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* part);

  bool may_connect(const std::string& address);
  std::size_t keep(std::string_view data);
  void add_header(std::string_view line);
  long bytes_sent() const;
  bool was_sent() const { return attempts_ > 0 && bytes_sent() > sent_before_; }
  [[noreturn]] void fail_sent_or_not(CURLcode code) const;

  struct Reading {
    const FormPart* part;
    Transfer* transfer;
  };

  std::shared_ptr<const HttpRequest> request_;
  const UrlParts url_;
  const EgressRule guard_;
  const HttpClient::Options& options_;
  const bool opened_;
  const bool through_proxy_;
  CURL* easy_;
  curl_slist* header_list_ = nullptr;
  curl_mime* mime_ = nullptr;
  std::vector<Reading> readings_;
  HttpResponse response_;
  std::uint64_t received_ = 0;
  std::size_t header_bytes_ = 0;
  std::chrono::steady_clock::time_point started_;
  Duration timeout_{0};
  int attempts_ = 0;      // how often curl was about to send the request
  long sent_before_ = 0;  // bytes that were no part of the request (a proxy's CONNECT)
  bool too_large_ = false;
  std::string refused_;  // the address that the guard refused
  std::exception_ptr thrown_;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace patchbay::net
