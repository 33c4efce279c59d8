#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "log/log.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"
#include "web/access.hpp"
#include "web/token_table.hpp"

namespace patchbay::web {

class NewToken {
 public:
  NewToken(std::string name_, std::string scopes_, std::optional<TimePoint> expires_at_ = {})
      : name(std::move(name_)), scopes(std::move(scopes_)), expires_at(expires_at_) {}
  std::string name;
  std::string scopes;  // with spaces or commas between
  std::optional<TimePoint> expires_at;
};

class MadeToken {
 public:
  Token token;
  std::string plain;  // shown once, kept nowhere
};

// Who keeps sending what is wrong, by address or by what tells them closer apart. Any thread.
class FailureLimiter {
 public:
  // Notes a failure; returns how many there were from this address within a minute.
  std::size_t note(const std::string& peer, std::chrono::nanoseconds now);
  std::size_t count(const std::string& peer, std::chrono::nanoseconds now) const;

 private:
  struct Entry {
    std::chrono::nanoseconds since{0};
    std::size_t failures = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

// API tokens (ACC-2): made, listed, revoked, and recognised in "Authorization: Bearer ...". What `who` makes
// and revokes is in the audit log. Any thread.
class Tokens {
 public:
  // All outlive it.
  Tokens(store::Store& store, const Clock& clock, IdMint& ids, log::Logger logger);

  // Throws Error{invalid} for a name, scope or time that cannot be.
  boost::asio::awaitable<MadeToken> create(NewToken wanted, store::Actor who);
  // The same from a thread that may block: the command line, also while a host runs.
  MadeToken create_now(const NewToken& wanted, const store::Actor& who);
  // One that the command line makes for itself, and takes away again: no trace is left.
  MadeToken lend_now(const NewToken& wanted);
  void forget_now(Id id);
  boost::asio::awaitable<std::vector<Token>> list(Id after, std::size_t limit);
  // Throws Error{not_found}. Other hosts on the same database hear of it within kCacheTime.
  boost::asio::awaitable<void> revoke(Id id, store::Actor who);

  // Of an Authorization header. Throws as Authenticator says.
  // A token that was good is believed for kCacheTime; its last use is written at most once a minute.
  boost::asio::awaitable<Principal> authenticate(std::string authorization, std::string peer);

  static constexpr Duration kCacheTime{5'000};
  static constexpr Duration kTouchTime{60'000};
  // In a minute from one address: then wrong tokens get 429 instead of 401. Good ones always pass, since
  // behind a proxy everybody has one address.
  static constexpr std::size_t kFailuresBeforeLimit = 30;

 private:
  struct Cached {
    Principal principal;
    std::optional<TimePoint> expires_at;
    std::chrono::nanoseconds until{0};
  };

  MadeToken make(const NewToken& wanted);
  void add(store::Session& session, const MadeToken& made, const store::Actor& who);
  boost::asio::awaitable<void> touch(Id id);
  std::optional<Principal> cached(const std::string& hash);
  Principal accept(const Token& token, const std::string& hash);
  [[noreturn]] void fail(const std::string& peer, Text text);

  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
  log::Logger logger_;
  FailureLimiter failures_;
  std::mutex mutex_;
  std::map<std::string, Cached> cache_;  // by hash
};

}  // namespace patchbay::web
