#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/async_lock.hpp"
#include "hooks/route_table.hpp"
#include "lifecycle/former_secrets.hpp"
#include "lifecycle/lifecycle.hpp"
#include "plugin/caller.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::lifecycle {

// What profiles receive at addresses of their own, for all of their integrations (plugin-needs N1): keeps
// those routes mounted, and lets an integration of the profile process what comes. Any thread.
class ProfileRoutes final : public plugin::Caller {
 public:
  // All of them outlive it.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    store::Store& store;
    const vault::Vault& vault;
    const plugin::Catalogue& catalogue;
    hooks::RouteTable& routes;
    Lifecycle& lifecycle;
    plugin::Caller& caller;
    log::Redactor& redactor;
    std::function<void(Id profile)> ready;  // one of its integrations has come up
    log::Logger logger;
  };
  explicit ProfileRoutes(Parts parts);

  // Mounts the routes of every profile as store and catalogue are now, and takes away those of profiles that
  // are gone. What cannot be mounted (its plugin is away, a secret is missing) answers 503. Throws
  // Error{unavailable} when the store is away.
  boost::asio::awaitable<void> follow();
  // The public address is another one: they are mounted for it.
  boost::asio::awaitable<void> site_moved();
  // Former secrets are watched no more.
  boost::asio::awaitable<void> stop() { return former_secrets_.stop(); }

  // By route, as providers reach them.
  std::map<std::string, std::string> addresses(const plugin::Profile& profile) const;

  boost::asio::awaitable<void> came_up(Id integration);

  // Asks a connected integration of the profile: first the one that the request names, where the manifest
  // says how, then one that runs on this host, else one that is lent to it. Unavailable while there is none;
  // not_found when the profile is gone.
  boost::asio::awaitable<port::Result> call(Id profile, port::Call call) override;

 private:
  using ManifestPtr = std::shared_ptr<const plugin::Manifest>;
  struct Mounted {
    std::int64_t updated_at = 0;
    ManifestPtr manifest;
  };
  boost::asio::awaitable<void> mount(plugin::Profile profile, ManifestPtr manifest);
  boost::asio::awaitable<void> mount_again(Id profile);
  std::string identity_named(const std::string& plugin, const port::Call& call) const;

  Parts parts_;
  AsyncLocks turn_;
  FormerSecrets former_secrets_;
  std::map<Id, Mounted> mounted_;       // these two under the turn
  std::map<Id, std::string> troubles_;  // why it is not mounted, said once
};

}  // namespace patchbay::lifecycle
