#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <boost/system/error_code.hpp>

#include "net/egress.hpp"
#include "net/http.hpp"

namespace patchbay::net {

bool is_safe_method(std::string_view method);
bool is_redirect(int status);

// What a coroutine that drives a transfer does next: take data, give data for a part, or look at the end.
struct Step {
  std::optional<HttpResponse> head;  // of an answer whose body follows
  std::string data;
  std::optional<std::size_t> wanted;  // a part's number
  std::optional<CURLcode> result;
};

// One request on one curl handle, without redirects. Built by a coroutine, then touched on the multi's strand
// only, until the last step or stop().
class Transfer {
 public:
  // `options` outlives the transfer. Throws Error{invalid} for what cannot be sent.
  Transfer(std::shared_ptr<const HttpRequest> request, UrlParts url, EgressRule guard,
           const HttpClient::Options& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* handle() const { return easy_; }
  void set_timeout(Duration left);
  // Throws what went wrong; returns when a whole answer is there.
  void check(CURLcode code) const;
  HttpResponse take_response() { return std::move(response_); }

  using Waiter = std::function<void(boost::system::error_code, Step)>;
  // Calls `waiter` once, with the next step or with the error of stop(). Not from inside a curl callback.
  void wait(Waiter waiter);
  // The next piece of a part that was wanted; empty: its end.
  void feed(std::size_t part, std::string piece);
  void finish(CURLcode code);
  void stop(boost::system::error_code error);

 private:
  void set_target();
  void set_method();
  void set_headers();
  void set_body();
  void set_parts();
  void set_whole();
  void set_guard();
  void set_login();
  void set_session();
  void set_results();

  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_ready(void* self, char* remote, char* local, int remote_port, int local_port);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_data(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_read(char* to, std::size_t size, std::size_t count, void* reading);

  bool may_connect(const std::string& address);
  bool is_streamed() const;
  std::size_t keep(std::string_view data);
  void add_header(std::string_view line);
  long bytes_sent() const;
  bool was_sent() const { return attempts_ > 0 && bytes_sent() > sent_before_; }
  [[noreturn]] void fail_sent_or_not(CURLcode code) const;

  // A part whose content comes piece by piece.
  struct Reading {
    Transfer* transfer = nullptr;
    std::size_t part = 0;
    std::string piece;
    std::size_t used = 0;  // of the piece
    std::uint64_t given = 0;
    bool is_asked = false;
    bool is_ended = false;
  };
  std::size_t read(Reading& reading, char* to, std::size_t room);
  void notify();
  Step take_step();

  std::shared_ptr<const HttpRequest> request_;
  const UrlParts url_;
  const EgressRule guard_;
  const HttpClient::Options& options_;
  const bool opened_;
  const bool through_proxy_;
  CURL* easy_;
  curl_slist* header_list_ = nullptr;
  curl_mime* mime_ = nullptr;
  std::vector<Reading> readings_;  // one for each part, or for the whole
  Waiter waiter_;
  enum class Head { awaited, ready, given };
  Head head_ = Head::awaited;  // for on_head
  std::string arrived_;        // for on_body
  bool is_full_ = false;
  std::optional<std::size_t> wanted_;
  std::optional<CURLcode> result_;
  HttpResponse response_;
  std::uint64_t received_ = 0;
  std::size_t header_bytes_ = 0;
  std::chrono::steady_clock::time_point started_;
  Duration timeout_{0};
  bool was_answered_ = false;  // since the last attempt
  int attempts_ = 0;           // how often curl was about to send the request
  long sent_before_ = 0;       // bytes that were no part of the request (a proxy's CONNECT)
  bool too_large_ = false;
  std::string refused_;  // the address that the guard refused
  bool too_short_ = false;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace patchbay::net
