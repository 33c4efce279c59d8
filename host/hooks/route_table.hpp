#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.hpp"
#include "base/site_address.hpp"
#include "hooks/challenge.hpp"
#include "hooks/cors.hpp"
#include "hooks/key_reader.hpp"
#include "hooks/request.hpp"
#include "hooks/secrets.hpp"
#include "hooks/verifier.hpp"
#include "plugin/manifest.hpp"

namespace patchbay::hooks {

// What the requests of one integration are doing now. Any thread.
struct Traffic {
  std::atomic<std::size_t> open{0};      // being stored
  std::atomic<std::size_t> refused{0};   // 401 that no line of the log has told of
  std::atomic<std::int64_t> told_at{0};  // Unix milliseconds
};

// A compiled route. Immutable.
struct Route {
  explicit Route(KeyReader keys_) : keys(std::move(keys_)) {}

  Id integration = 0;  // or profile
  bool of_profile = false;
  std::string plugin;
  std::string id;
  plugin::RouteSpec::Kind kind = plugin::RouteSpec::Kind::webhook;
  std::string path;
  std::string address;  // what the provider calls: what signatures are computed over
  std::vector<std::string> methods;
  std::uint64_t body_limit = 0;
  KeyReader keys;
  std::unique_ptr<const Verifier> verifier;  // null: closed (its secret is gone), nobody gets in; of webhooks
  std::vector<std::string> secret_headers;
  std::optional<Challenge> challenge;
  std::optional<Cors> cors;  // none: no page of another origin
  std::chrono::seconds session_ttl{0};
  std::string shown_settings;  // JSON, for whoever asks; of session routes
  Answer reply;
  bool served = false;
  std::shared_ptr<Traffic> traffic;  // of its integration
};

// What one integration, or one profile, answers to.
class Mount {
 public:
  Mount(Id integration_, std::string plugin_, SecretLookup secrets_)
      : integration(integration_), plugin(std::move(plugin_)), secrets(std::move(secrets_)) {}

  // `served`: whether providers may call it. One that is not served is still known to inject (long polling),
  // and its verifier and secrets are not looked at.
  void add(plugin::RouteSpec spec, bool served = true) { routes.emplace_back(std::move(spec), served); }

  Id integration;
  std::string plugin;
  SecretLookup secrets;
  bool of_profile =
      false;  // `integration` is a profile: its routes are those that all of its integrations share
  std::string settings = "{}";  // JSON, for what a manifest refers to as "setting:/pointer"
  bool consent = false;         // an administrator has agreed to routes that verify nothing
  std::vector<std::pair<plugin::RouteSpec, bool>> routes;
  std::shared_ptr<Traffic> traffic = std::make_shared<Traffic>();
};

// All routes that are open now, in memory: an unknown path costs two look-ups. Any thread; a reader
// holds a lock for the length of one hash look-up, on one of 16 parts of the table.
class RouteTable {
 public:
  // `site_url`: the public address of this host, which may carry a path; empty when no provider can reach it.
  // When it changes, what is mounted keeps the former one until it is mounted again.
  explicit RouteTable(SiteAddress site_url);

  // Replaces what the integration had. All or nothing. Throws Error{invalid} that names the route and what is
  // wrong with it (a route without a verifier does not mount, nor one that needs https on a plain site_url),
  // Error{unavailable} for a missing secret, Error{denied} for "none" without consent.
  void mount(Mount mount);
  void unmount(Id integration);
  // Until mount(): every path of the integration's is known and answers 503, as its routes are not known.
  void close(Id integration, const std::string& plugin, bool of_profile = false);
  // After a change of secrets. A route whose secret has gone stays and answers 503; returns whether all are
  // open.
  bool refresh(Id integration, SecretLookup secrets);

  // By path, as the listener saw it: served routes only. Null: no such route.
  std::shared_ptr<const Route> find(std::string_view path) const;
  // By id, served or not.
  std::shared_ptr<const Route> find(Id integration, const std::string& route) const;

  // Webhooks that are served for it.
  std::vector<std::shared_ptr<const Route>> webhooks(Id integration) const;

  std::string address(const std::string& plugin, Id integration, const std::string& route) const;
  std::string profile_address(const std::string& plugin, Id profile, const std::string& route) const;

 private:
  using Routes = std::vector<std::shared_ptr<const Route>>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<const Route>, Hash, std::equal_to<>> routes;
  };
  struct Entry {
    std::shared_ptr<const Mount> mount;
    Routes routes;
  };

  Routes compile(const Mount& mount, bool close_if_secret_missing) const;
  std::string address_of(const std::string& path) const;
  std::shared_ptr<const Route> compile(const Mount& mount, const plugin::RouteSpec& spec, bool served,
                                       bool close_if_secret_missing) const;
  void replace(Entry& entry, std::shared_ptr<const Mount> mount, Routes routes);
  std::shared_ptr<const Route> look_up(std::string_view path) const;
  Shard& shard(std::string_view path) const { return shards_[Hash()(path) % shards_.size()]; }

  const SiteAddress site_url_;
  mutable std::array<Shard, 16> shards_;
  mutable std::mutex mutex_;  // of integrations_; taken before a shard's
  std::map<Id, Entry> integrations_;
};

}  // namespace patchbay::hooks
