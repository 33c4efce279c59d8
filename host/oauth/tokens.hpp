#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "cluster/peers.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "net/http.hpp"
#include "oauth/grants.hpp"
#include "oauth/provider.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::oauth {

struct AccessToken {
  std::string value;  // the password of a grant by password
  std::optional<TimePoint> expires_at;
  std::string user;  // who signed in, for people and for protocols that want a name; may be empty
};

// The tokens of grants, each refreshed once, whatever number of hosts and calls want it (SETUP-4). A refresh
// goes on when who asked for it is gone; a new refresh token is stored before anything is done with what came
// with it. Any thread.
class Tokens {
 public:
  // Called after it is stored; return at once.
  struct Reports {
    std::function<void(Id grant, std::string why)> signed_out;  // somebody has to sign in again
    std::function<void(Id grant, Code code, std::string why)> trouble;
    std::function<void(Id grant)> well;
  };
  // All of them outlive the tokens.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    store::Store& store;
    const vault::Vault& vault;
    net::HttpClient& http;
    cluster::Peers& peers;
    log::Redactor& redactor;
    metrics::Registry& metrics;
    log::Logger logger;
    std::function<std::vector<std::string>()> opened;  // egress.allow
    ProviderOf provider_of;
    Reports reports;
  };

  explicit Tokens(Parts parts);
  ~Tokens();

  // Looks every now and then after grants that nobody asks for: what was broken off is made sure of, what may
  // end unused is renewed, what has ended is told.
  void start();
  // Gives refreshes that run some seconds, then ends them.
  boost::asio::awaitable<void> stop();

  // Good for at least `min_valid` where the provider says how long, and other than `rejected` (a value that
  // it took no more; may be empty). Throws Error: unauthenticated "oauth.sign_in_again", not_found,
  // unavailable while the provider does not answer or refuses us for another reason.
  boost::asio::awaitable<AccessToken> token(Id grant, Duration min_valid, std::string rejected);

  // Nobody refreshes it while this is held, on any host.
  struct Held;
  boost::asio::awaitable<std::shared_ptr<Held>> hold(Id grant);
  // It has other tokens now, or is gone.
  void forget(Id grant);
  // Takes it back at the provider, as far as that can be asked, and removes it. `also` runs in the same
  // transaction, before. Returns whether the provider said that it is done.
  boost::asio::awaitable<bool> revoke(Id grant, std::function<void(store::Session&)> also);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::oauth
