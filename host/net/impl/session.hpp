#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>

#include <curl/curl.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "net/http.hpp"

namespace patchbay::net {

class Multi;

// One at a time; the others wait in the order in which they came. Any thread.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  // Whoever holds it has the turn.
  using Turn = std::shared_ptr<void>;

  // Null when the time is over before its turn comes. Cancellable.
  boost::asio::awaitable<Turn> next(std::chrono::steady_clock::time_point until);

 private:
  struct Waiter;

  void leave(const std::shared_ptr<Waiter>& waiter);
  void pass_on();

  std::mutex mutex_;
  bool taken_ = false;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

class CurlSession final : public HttpSession {
 public:
  // `options` outlives the session.
  CurlSession(const boost::asio::any_io_executor& executor, const HttpClient::Options& options);
  ~CurlSession() override;

  const std::shared_ptr<Multi>& multi() const { return multi_; }
  CURLSH* cookies() const { return cookies_; }
  Turns& turns() const { return *turns_; }

 private:
  static void lock(CURL* easy, curl_lock_data data, curl_lock_access access, void* self);
  static void unlock(CURL* easy, curl_lock_data data, void* self);

  std::mutex mutex_;  // guards the cookies
  CURLSH* cookies_;
  const std::shared_ptr<Multi> multi_;
  const std::shared_ptr<Turns> turns_;
};

}  // namespace patchbay::net
