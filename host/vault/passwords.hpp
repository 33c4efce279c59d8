#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

namespace patchbay::vault {

// What people sign in with, as it is stored: Argon2id (RFC 9106) with 64 MiB and two passes, a tenth of a
// second. One at a time on a thread of its own, so that many who sign in at once take neither memory nor the
// threads that serve. Any thread.
class Passwords {
 public:
  Passwords() = default;
  // Ends when the one at work is done; what waits is not done.
  ~Passwords();
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;

  // Both throw Error{unavailable} "vault.passwords_busy" with retry_after while kWaiting others wait.
  boost::asio::awaitable<std::string> hash(std::string password);
  // Against an empty hash: false, after the same time as against another.
  boost::asio::awaitable<bool> verify(std::string password, std::string hash);
  // The same from a thread that may block.
  static std::string hash_now(const std::string& password);

  static constexpr std::size_t kWaiting = 32;

 private:
  boost::asio::awaitable<void> run(std::function<void()> work);

  std::atomic<std::size_t> waiting_ = 0;
  boost::asio::thread_pool pool_{1};
};

}  // namespace patchbay::vault
