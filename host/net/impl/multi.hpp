#pragma once

#include <memory>
#include <unordered_map>

#include <curl/curl.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "net/impl/transfer.hpp"

namespace patchbay::net {

// A curl multi handle that Asio drives: curl says which sockets and which time to wait for. Everything runs
// on one strand.
class Multi : public std::enable_shared_from_this<Multi> {
 public:
  Multi(const boost::asio::any_io_executor& executor, const HttpClient::Options& options);
  ~Multi();
  Multi(const Multi&) = delete;
  Multi& operator=(const Multi&) = delete;

  // Any thread, all of them.
  void start(std::shared_ptr<Transfer> transfer);
  // Resumes on the caller's executor. Cancelled, it ends once curl has let go of the transfer.
  boost::asio::awaitable<Step> next(std::shared_ptr<Transfer> transfer);
  void feed(std::shared_ptr<Transfer> transfer, std::size_t part, std::string piece);
  void cancel(std::shared_ptr<Transfer> transfer);

 private:
  struct Socket;

  void add(const std::shared_ptr<Transfer>& transfer);
  void abort(const std::shared_ptr<Transfer>& transfer);
  void finish(const std::shared_ptr<Transfer>& transfer, CURLcode code);
  void act(curl_socket_t socket, int events);
  void collect();
  void watch(curl_socket_t socket, int what);
  void forget(curl_socket_t socket);
  void wait(const std::shared_ptr<Socket>& socket);
  void wait_for(const std::shared_ptr<Socket>& socket, int direction);
  void set_timer(long delay_ms);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* data);
  static int on_timer(CURLM* multi, long delay_ms, void* self);

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  boost::asio::steady_timer timer_;  // not base::Clock: curl measures with its own clock
  CURLM* multi_;
  curl_slist* resolve_ = nullptr;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> transfers_;
};

}  // namespace patchbay::net
