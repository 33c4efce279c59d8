#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/access/identity.hpp"
#include "domain/access/sessions.hpp"
#include "domain/settings/settings.hpp"
#include "hooks/key_sets.hpp"
#include "log/log.hpp"
#include "log/redactor.hpp"
#include "net/http.hpp"
#include "oauth/sign_ins.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::domain::access {

// A sign-in on its way, as the browser that began it keeps it in a cookie: state, nonce and PKCE verifier
// follow from a secret in there, so that no host has to remember anything and any host can finish it, and
// that who did not begin it cannot (RFC 6749, 10.12).
class Attempt {
 public:
  // `return_to`: a path of the site, see is_local_path().
  static Attempt make(TimePoint now, const std::string& return_to);
  // Nothing for what make() did not make. Any bytes are safe.
  static std::optional<Attempt> read(const std::string& cookie);

  const std::string& cookie() const { return cookie_; }
  std::string state() const { return derived("state"); }
  std::string nonce() const { return derived("nonce"); }
  std::string verifier() const { return derived("verifier"); }
  TimePoint begun() const { return begun_; }
  const std::string& return_to() const { return return_to_; }

 private:
  std::string derived(const char* what) const;

  std::string cookie_;
  TimePoint begun_{};
  std::string return_to_;
};

// Whether a browser that is sent there stays on this site: "/desk?chat=7#last", no "//host" or "/\host".
bool is_local_path(const std::string& path);

// Sign-in by OpenID Connect at the identity server of the settings (ACC-2; OpenID Connect Core 1.0, code flow
// with PKCE). Any thread; all outlive it.
class OpenId {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    const vault::Vault& vault;
    net::HttpClient& http;
    log::Redactor& redactor;
    hooks::KeySets& key_sets;
    const Sessions& sessions;
    settings::Settings& settings;
    std::function<std::vector<std::string>()> opened;  // egress.allow
    log::Logger logger;
  };
  explicit OpenId(Parts parts);
  ~OpenId();

  // Whether there is an identity server to sign in at.
  bool is_offered() const;

  struct Begun {
    std::string address;  // where the browser is sent
    std::string cookie;   // that it keeps meanwhile
  };
  // `redirect_uri`: ours, that it comes back to. Throws Error: unsupported "domain.identity.not_offered",
  // unavailable when the identity server cannot be asked.
  boost::asio::awaitable<Begun> begin(std::string redirect_uri, std::string return_to);

  struct Back {
    oauth::Callback callback;
    std::string cookie;
    std::string redirect_uri;  // the same as at begin()
  };
  struct Done {
    SignedIn in;
    std::string return_to;
  };
  // Throws Error in words for who signs in, with what is to be done: invalid for what does not belong to a
  // sign-in of this browser, is late, or proves nothing; denied for who may not come in; unavailable.
  boost::asio::awaitable<Done> finish(Back back, Client client);

  // Where the browser of this session goes to sign out at the identity server, too; empty for one that did
  // not sign in there, or where that is not offered. `return_to`: our address that it comes back to.
  boost::asio::awaitable<std::string> sign_out_address(Session session, std::string return_to);

  static constexpr Duration kTime{10LL * 60'000};  // to sign in there

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::domain::access
