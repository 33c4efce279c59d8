#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "oauth/grants.hpp"
#include "oauth/provider.hpp"
#include "oauth/tokens.hpp"

namespace patchbay::oauth {

// Somebody signs in at a provider: by a browser that comes back with a code, by entering a code elsewhere, or
// by a password that is typed in here. It is in the store, so that any host can finish it and a restart does
// not end it.
struct SignIn {
  Id id = 0;
  std::string plugin;
  std::string name;  // of the grant in the manifest
  std::optional<Id> profile;
  std::optional<Id> integration;  // that is to use the grant
  std::optional<Id> grant;        // that is signed in to again; or what came of it
  std::string way;                // "code", "device", "password"
  std::string state;              // "waiting", "exchanging", "done", "failed"
  std::string reason;             // why it failed, as Text::kept
  std::string shown;              // JSON: {"address"} or {"address", "complete_address", "user_code"}
  std::string started_by;
  std::int64_t expires_at = 0;  // Unix milliseconds
};

// What somebody types in.
struct Login {
  std::string user;
  std::string password;
};

// What the provider's redirect carries (RFC 6749, 4.1.2; RFC 9207).
struct Callback {
  std::string state;
  std::string code;
  std::string issuer;
  std::string error;
  std::string error_description;
};

class SignIns {
 public:
  struct Wanted {
    std::string plugin;
    std::string name;
    std::optional<Id> profile;
    std::optional<Id> integration;
    std::optional<Id> grant;  // that somebody has to sign in to again
    std::string started_by;
  };
  // All of them outlive the sign-ins.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    const vault::Vault& vault;
    net::HttpClient& http;
    cluster::Peers& peers;
    log::Redactor& redactor;
    log::Logger logger;
    std::function<std::vector<std::string>()> opened;  // egress.allow
    ProviderOf provider_of;
    Tokens& tokens;
    // In the transaction that stores the grant.
    std::function<void(store::Session&, const SignIn&)> attach;
    // After it. Returns at once.
    std::function<void(const SignIn&)> done;
  };

  explicit SignIns(Parts parts);
  ~SignIns();

  // Goes on with codes on devices that were shown before a restart.
  void start();
  boost::asio::awaitable<void> stop();

  // All throw Error{unsupported} when the provider does not offer that way. `redirect_uri`: our address that
  // the browser comes back to.
  boost::asio::awaitable<SignIn> begin_code(Wanted wanted, std::string redirect_uri);
  boost::asio::awaitable<SignIn> begin_device(Wanted wanted);
  // Done when it returns, or failed where it is another account's. Whether the password is right shows when
  // an integration connects with it.
  boost::asio::awaitable<SignIn> take_password(Wanted wanted, Login login);
  // What became of it; "failed" when its time is over.
  boost::asio::awaitable<std::optional<SignIn>> find(Id id);
  // Never throws for what the provider says: that is the reason of a failed one. Throws Error{invalid}
  // "oauth.unknown_state" for a state that we did not give out, that was used, or whose time is over.
  boost::asio::awaitable<SignIn> finish(Callback callback);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::oauth
