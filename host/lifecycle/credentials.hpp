#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/task_scope.hpp"
#include "lifecycle/lifecycle.hpp"
#include "oauth/sign_ins.hpp"
#include "oauth/tokens.hpp"
#include "plugin/profiles.hpp"
#include "store/actor.hpp"

namespace patchbay::lifecycle {

struct NewProfile {
  std::string plugin;
  std::string name;                     // empty: the profile's title in the manifest
  std::string settings = "{}";          // JSON object, secrets included
  std::optional<std::string> declared;  // by a file of the configuration: under which name
};

struct ProfileChange {
  std::optional<std::string> name;
  std::optional<std::string> settings;  // JSON object, laid over (RFC 7396); secrets may be absent
  bool by_declaration = false;          // else only secrets of a declared profile may be given
  bool end_formers = false;             // what its secrets were before is accepted no more
};

// Who is to sign in for what: for an integration (a draft too), with a profile only, or once more for a
// grant.
struct WantedSignIn {
  std::optional<Id> integration;
  std::optional<Id> profile;
  std::optional<Id> again;
  std::string name;                   // of the grant in the manifest; not with `again`
  bool on_device = false;             // by a code that is entered elsewhere (RFC 8628)
  std::optional<oauth::Login> login;  // by a password
};

// What integrations share: profiles, and grants that people gave (plugin-needs N1). Any thread.
class Credentials {
 public:
  // All of them outlive it.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    const vault::Vault& vault;
    const plugin::Catalogue& catalogue;
    Lifecycle& lifecycle;
    oauth::Tokens& tokens;
    oauth::SignIns& sign_ins;
    log::Redactor& redactor;
    log::Logger logger;
    std::function<std::string()> address;  // under which people's browsers reach this host
    std::function<boost::asio::awaitable<void>()> profiles_changed;  // awaited after each change of one
    std::function<boost::asio::awaitable<void>()> enabled = {};      // as of Lifecycle
  };

  explicit Credentials(Parts parts);
  // Makes known secrets unreadable in logs, and looks after those who have to sign in from now on.
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> stop();

  // Both throw Error: invalid with diagnostics, conflict for a name that is taken. `who`: for the audit log.
  // A plugin that nobody has enabled is enabled by its first profile (HOST-1).
  boost::asio::awaitable<plugin::Profile> create_profile(NewProfile wanted, store::Actor who);
  // Integrations that use it run with it soon after.
  boost::asio::awaitable<plugin::Profile> change_profile(Id id, ProfileChange change, store::Actor who);
  // Throws Error{conflict} while something uses it, or a file declares it.
  boost::asio::awaitable<void> remove_profile(Id id, store::Actor who);

  boost::asio::awaitable<oauth::SignIn> sign_in(WantedSignIn wanted, store::Actor who);
  // Takes it back at the provider too; whether that said that it is done. Throws Error{conflict} while a
  // connected integration uses it.
  boost::asio::awaitable<bool> remove_grant(Id id, store::Actor who);

  // For the oauth module: see there.
  boost::asio::awaitable<oauth::Provider> provider_of(std::string plugin, std::string name,
                                                      std::optional<Id> profile) const;
  void attach(store::Session& session, const oauth::SignIn& done) const;
  void signed_in(const oauth::SignIn& done);
  void signed_out(Id grant, std::string why);
  void trouble(Id grant, Code code, std::string why);
  void well(Id grant);

 private:
  boost::asio::awaitable<void> look();
  boost::asio::awaitable<void> watch();
  boost::asio::awaitable<plugin::Profile> load(Id profile) const;
  std::shared_ptr<const plugin::Manifest> manifest_of(const std::string& plugin) const;
  boost::asio::awaitable<std::vector<Id>> users(Id grant) const;
  boost::asio::awaitable<void> tell_signed_out(Id grant, std::string why);
  boost::asio::awaitable<void> tell_trouble(Id grant, Code code, std::string why);
  boost::asio::awaitable<void> tell_well(Id grant);
  boost::asio::awaitable<void> reconfigure_users(Id grant);
  boost::asio::awaitable<void> reconfigure(Id integration);
  void audit(store::Session& session, const store::Actor& who, const char* action, const char* kind,
             Id id) const;

  Parts parts_;
  std::map<Id, std::pair<int, std::chrono::nanoseconds>> tries_;  // watch() only: how often, and when next
  TaskScope tasks_;
};

}  // namespace patchbay::lifecycle
