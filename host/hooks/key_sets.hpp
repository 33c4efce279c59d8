#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async_lock.hpp"
#include "base/clock.hpp"
#include "crypto/public_key.hpp"
#include "log/log.hpp"
#include "net/http.hpp"

namespace patchbay::hooks {

// Keys by their ids.
using KeySet = std::map<std::string, crypto::PublicKey, std::less<>>;

// A JSON Web Key Set (RFC 7517): the keys that can verify what parse_jwt() takes, 64 at most; others are
// passed over. Nothing for what is no key set. Any bytes are safe.
std::optional<KeySet> parse_key_set(std::string_view text);

// The keys that providers publish for their tokens, by the address of the set; fetched when a key is first
// asked for, kept for an hour (a day while the provider is away). Any thread.
class KeySets {
 public:
  // All of them outlive it. `opened`: what an administrator opened (egress.allow), asked each time.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    net::HttpClient& http;
    std::function<std::vector<std::string>()> opened;
    log::Logger logger;
  };
  explicit KeySets(Parts parts);
  ~KeySets();

  // Nothing: the provider has no such key. One that is unknown makes it ask the provider again, once a minute
  // at most, whoever sends it. Throws Error{unavailable} with retry_after while the keys cannot be fetched,
  // which is tried every five seconds at most.
  boost::asio::awaitable<std::optional<crypto::PublicKey>> find(std::string address, std::string key_id);

 private:
  struct Set;
  std::shared_ptr<Set> set_at(const std::string& address);
  boost::asio::awaitable<void> fetch(std::string address, std::shared_ptr<Set> set, std::string key_id);

  Parts parts_;
  AsyncLocks turns_;
  std::mutex mutex_;  // of the sets; never held while one is fetched
  std::map<std::string, std::shared_ptr<Set>> sets_;
};

}  // namespace patchbay::hooks
