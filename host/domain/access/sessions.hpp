#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/access/model.hpp"
#include "log/log.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"
#include "vault/passwords.hpp"

namespace patchbay::domain::access {

// From where somebody signs in; shown to him among his sessions.
struct Client {
  Client(std::string address_, std::string agent_) : address(std::move(address_)), agent(std::move(agent_)) {}
  std::string address;
  std::string agent;  // User-Agent
};

// One browser of a user.
struct Session {
  Id id = 0;
  User user;
  std::set<std::string> operations;  // by oneself and by roles, as they are now
  std::string csrf;                  // must come with what changes something
  TimePoint expires_at{};            // at the latest
};

struct SignedIn {
  Session session;
  std::string token;  // for the browser; kept nowhere
};

// Local sign-in (ACC-2). A session ends kIdle after it was last used, kLongest after it began, with the
// user's activity, and with a new password. Any thread; all outlive it.
class Sessions {
 public:
  struct Parts {
    Parts(store::Store& s, const Clock& c, IdMint& i, vault::Passwords& p, log::Logger l)
        : store(s), clock(c), ids(i), passwords(p), logger(std::move(l)) {}
    store::Store& store;
    const Clock& clock;
    IdMint& ids;
    vault::Passwords& passwords;
    log::Logger logger;
  };
  explicit Sessions(Parts parts) : parts_(std::move(parts)) {}

  // Throws Error{unauthenticated} "domain.access.wrong_password", the same for a login that nobody has;
  // Error{rate_limited} "domain.access.locked" with retry_after once kFailures attempts in a row have failed.
  boost::asio::awaitable<SignedIn> sign_in(std::string login, std::string password, Client client);
  // For somebody who has proven who he is, in the caller's transaction.
  SignedIn begin(store::Session& transaction, const User& user, const Client& client) const;
  // Nothing for a token that is none, or whose session has ended.
  boost::asio::awaitable<std::optional<Session>> find(std::string token);
  // As it is now, for whoever stays connected; this is no use of it. Nothing once it has ended.
  boost::asio::awaitable<std::optional<Session>> look_again(Session session);
  boost::asio::awaitable<void> sign_out(Session session);
  // Whether a session of the user lives.
  boost::asio::awaitable<bool> is_signed_in(Id user);
  // Of a user, those that go on; how many there were.
  boost::asio::awaitable<std::int64_t> end_all(Id user, store::Actor who);

  // Throws Error{invalid} with a diagnostic at /password for one that is too weak, Error{not_found}. Sessions
  // of the user end.
  boost::asio::awaitable<void> set_password(Id user, std::string password, store::Actor who);
  // By oneself; the other sessions end. Throws like sign_in(), with a diagnostic at /old for a wrong one.
  boost::asio::awaitable<void> change_password(Session session, std::string old, std::string fresh);

  // Takes away what has ended and failures that are forgotten.
  boost::asio::awaitable<void> sweep();

  static constexpr Duration kIdle{12LL * 3'600'000};
  static constexpr Duration kLongest{30LL * 24 * 3'600'000};
  static constexpr Duration kTouchTime{60'000};
  static constexpr std::int64_t kFailures = 10;
  static constexpr Duration kLocked{15LL * 60'000};

 private:
  struct Known {
    std::optional<User> user;  // who is active and has a password
    std::string hash;
  };
  // Counts an attempt before its outcome is known, so that many at once are not one.
  boost::asio::awaitable<Known> attempt(std::string login);
  // One that nobody had the time to look at counts no more.
  boost::asio::awaitable<bool> verify(std::string login, std::string password, std::string hash);
  // Held: the same password as was verified, of who is active.
  bool is_still(store::Session& session, const Known& known) const;
  std::int64_t now() const { return parts_.clock.now().time_since_epoch().count(); }
  void audit(store::Session& session, const store::Actor& who, const char* action, Id user) const;

  Parts parts_;
};

// Throws Error{invalid} "domain.refused" with a diagnostic at `path` for what is too short, too long,
// or the login (NIST SP 800-63B, 3.1.1.2: length counts, kinds of characters do not).
void check_password(const std::string& login, const std::string& password, const std::string& path);

}  // namespace patchbay::domain::access
