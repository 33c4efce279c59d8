#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/async_lock.hpp"
#include "cluster/peers.hpp"
#include "hooks/route_table.hpp"
#include "jobs/checkpoints.hpp"
#include "jobs/scheduler.hpp"
#include "lifecycle/former_secrets.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/runner.hpp"
#include "log/log.hpp"
#include "plugin/caller.hpp"
#include "plugin/catalogue.hpp"
#include "plugin/history.hpp"
#include "plugin/integrations.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::lifecycle {

struct RouteSecrets;

// Takes integrations through their states: created, checked, connected, disconnected; keeps their routes
// mounted, instances running, listeners listening. One change of an integration at a time; any thread.
class Lifecycle {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    vault::Vault& vault;
    const plugin::Catalogue& catalogue;
    hooks::RouteTable& routes;
    Runner& runner;
    plugin::Caller& caller;
    jobs::Scheduler& jobs;
    cluster::Peers& peers;
    log::Redactor& redactor;
    log::Logger logger;
    SiteAddress site_url;
    std::string host_version;
    std::string host_name = {};
    std::function<boost::asio::awaitable<void>()> enabled = {};  // a plugin was: the catalogue is to know
    std::function<std::string(const plugin::Manifest&)> system_settings = {};  // of its own: a JSON object
    std::function<bool(const std::string& code)> has_setting = {};             // none: all are set
    std::function<void(store::Session&, const plugin::Integration&)> troubled = {};  // it needs a person now
  };

  explicit Lifecycle(Parts parts);
  ~Lifecycle();

  // Mounts the routes of what is connected, which it returns after, and starts its instances.
  boost::asio::awaitable<void> start();
  // Nothing is resumed or listened for any more. Instances are ended by the runner.
  boost::asio::awaitable<void> stop();
  // The catalogue has changed: what did not come up since the start is tried again, and what runs is taken to
  // the version that is to run now (upgrade.cpp).
  void plugins_changed();

  // Enables its plugin (HOST-1). Throws Error{invalid} with diagnostics for an unknown one or bad settings.
  boost::asio::awaitable<plugin::Integration> create(NewIntegration wanted);
  boost::asio::awaitable<plugin::Integration> change(Id id, Change change);
  boost::asio::awaitable<CheckReport> check(Id id);
  // Throws Error: conflict (identity connected already), invalid with diagnostics (the plugin or the provider
  // refuses). `take_over`: also when somebody else receives at the provider. Repeating is harmless.
  boost::asio::awaitable<plugin::Integration> activate(Id id, bool take_over);
  // Whether routes that verify nothing may be open (HOOK-6), which connected ones follow at once; audited.
  boost::asio::awaitable<void> consent(Id id, bool agrees, std::string who);
  boost::asio::awaitable<Disconnected> deactivate(Id id);
  // Set-up (setup.cpp). A draft is complete: throws Error{invalid} with what it lacks.
  boost::asio::awaitable<plugin::Integration> finish(Id id);
  // Throws Error{conflict} for what is no draft. `untouched_since` (Unix ms): only one that nobody changed
  // since.
  boost::asio::awaitable<void> remove(Id id, std::optional<std::int64_t> untouched_since = {});
  // Those of the field at `pointer`, which only the remote side knows.
  boost::asio::awaitable<std::vector<Choice>> choices(Id id, std::string pointer);
  // Where the draft stands; the first step is asked for when there is none yet.
  boost::asio::awaitable<Advanced> step(Id id, std::string language);
  // On with what was filled in (a JSON object) for `step` (empty: whichever it is). Throws Error: invalid
  // with findings that point into `input`, conflict when it stands at another step.
  boost::asio::awaitable<Advanced> advance(Id id, std::string step, std::string input, std::string language);
  // Its profile or its grants have changed: it runs with the new ones when this returns.
  boost::asio::awaitable<void> reconfigure(Id id);
  // Several hosts (cluster::Membership): this one works for more integrations; it is to work for fewer, and
  // does when this returns; other hosts may have changed some.
  void gained(cluster::Partitions partitions);
  boost::asio::awaitable<void> leave(cluster::Partitions partitions);
  boost::asio::awaitable<void> follow_others();
  // The public address, or system settings of a plugin, are other ones: routes, instances, providers follow.
  boost::asio::awaitable<void> site_moved();
  boost::asio::awaitable<void> settings_changed(std::string plugin);
  // A plugin has stored a secret of its own: when this returns its routes check with it, on every host.
  boost::asio::awaitable<void> secrets_changed(Id id);

  // Whether this host runs it, when it is connected.
  bool owns(Id id) const { return parts_.peers.owned().has(id); }
  // Configures an instance of what another host runs, to translate for its profile here, until it changes or
  // is given back. False: it is not connected, or does not come up.
  boost::asio::awaitable<bool> lend(Id id);
  boost::asio::awaitable<void> give_back(Id id);
  // Reports from below, taken on the host that runs it. Any thread; return at once. An integration is
  // degraded while any source ("job history") has trouble.
  void trouble(Id id, const std::string& source, Code code, std::string text);
  void well(Id id, const std::string& source);
  void unauthenticated(Id id, std::string text);
  void quarantined(Id id, std::string reason);
  // An instance has become ready, perhaps later than whoever wanted it waited.
  void came_up(Id id);
  // Whether `lease` is one that a running listener was given: an older one may no longer deliver (N8).
  bool holds_lease(Id id, std::int64_t lease) const;

 private:
  using ManifestPtr = std::shared_ptr<const plugin::Manifest>;
  using Integration = plugin::Integration;
  template <class T>
  using Task = boost::asio::awaitable<T>;
  struct Listening;
  struct Turn;
  struct Move;
  using SecretValues = std::map<std::string, std::string>;
  struct Secrets {
    SecretValues values;
    vault::Vault::Formers formers;
    std::optional<Error> damaged;  // about one that is there and cannot be read
  };
  class Hold;
  boost::asio::awaitable<Hold> hold(Id id);
  boost::asio::awaitable<void> watch_delivery(Id id);
  Task<bool> look_at_delivery(Id id);
  Task<void> register_again(Id id);
  Task<void> watch_health(Id id);
  Task<bool> look_at_health(Id id);
  ManifestPtr running(Id id) const;
  void set_running(Id id, ManifestPtr manifest);
  boost::asio::awaitable<void> follow_plugins();
  Task<void> upgrade(Id id);
  Task<std::optional<Error>> try_upgrade(Id id);
  Task<void> change_version(Move move, ManifestPtr now, ManifestPtr next);
  Task<void> upgrade_with(std::string patch, Integration integration, ManifestPtr next);
  Task<void> bring_back_with(Integration integration, ManifestPtr manifest);
  Task<Integration> adapted(Integration before, ManifestPtr manifest);
  Task<void> generate_secrets(Integration integration, ManifestPtr manifest);
  Task<Move> moved(Integration before, ManifestPtr next, std::string patch, SecretValues kept);
  Task<void> start_trial(Integration integration, ManifestPtr next);
  Task<void> check_trial(Move move, ManifestPtr next);
  Task<std::string> ask_migrate(Id id, ManifestPtr next, const char* what, int from, std::string value);
  Task<Move> migrated(Integration integration, ManifestPtr next, std::string patch, SecretValues kept);
  Task<jobs::Checkpoints> migrated_checkpoints(Integration before, ManifestPtr next, jobs::Checkpoints old);
  ManifestPtr waiting_version(const Integration& integration, const ManifestPtr& now) const;
  boost::asio::awaitable<plugin::Copy> way_back(Id id, ManifestPtr next);
  boost::asio::awaitable<jobs::Checkpoints> checkpoints_of(Id id);
  Task<void> store_version(Move move);
  void write_version(store::Session& session, const Move& move) const;
  Task<void> note(const Integration& integration, const std::string& version, const Text& text);
  boost::asio::awaitable<void> resume_in(cluster::Partitions partitions);
  boost::asio::awaitable<void> let_go(Id id, std::shared_ptr<std::atomic<int>> left);
  boost::asio::awaitable<void> follow_routes(Id id, bool open);
  Task<void> move_routes(Id id);
  boost::asio::awaitable<void> follow(Id id);
  boost::asio::awaitable<void> try_follow(Id id);
  boost::asio::awaitable<void> end_lending(Id id);
  boost::asio::awaitable<void> try_resume(Id id);
  bool is_news(const plugin::Revision& row) const;
  boost::asio::awaitable<std::vector<plugin::Integration>> connected_ones();
  boost::asio::awaitable<void> put_back(plugin::Integration before, jobs::Checkpoints old);
  boost::asio::awaitable<plugin::Integration> load(Id id);
  ManifestPtr manifest_of(const Integration& integration) const;
  ManifestPtr version_for(const Integration& integration) const;
  boost::asio::awaitable<void> save_state(plugin::Integration integration);
  boost::asio::awaitable<void> change_state(Id id, Turn turn);
  void show_troubles(Id id);
  boost::asio::awaitable<Secrets> read_secrets(Id id);
  Task<SecretValues> secrets_of(Id id);  // throws Error{internal} "vault.damaged"
  // A secret of `before` that is not in `after` goes. `formers`: given, the former values are these.
  Task<void> store_settings(Integration integration, SecretValues before, SecretValues after,
                            std::optional<std::vector<plugin::UsedGrant>> grants = {},
                            std::shared_ptr<const Move> move = nullptr,
                            std::optional<vault::Vault::Formers> formers = {});
  void redact(const SecretValues& before, const SecretValues& after);
  boost::asio::awaitable<void> resume(Id id);
  boost::asio::awaitable<void> resume_late(Id id);
  // Routes, instance and listeners of what is connected already, under its lock.
  boost::asio::awaitable<void> bring_back(plugin::Integration integration);
  boost::asio::awaitable<void> reconnect(plugin::Integration integration);
  void set_waiting(Id id, bool waiting);
  bool is_waiting(Id id) const;
  Task<void> connect(Integration& integration, bool take_over);
  boost::asio::awaitable<void> disconnect(Id id);
  hooks::Mount mount_of(const Integration& integration, const plugin::Manifest& manifest,
                        RouteSecrets secrets) const;
  Task<void> refresh_routes(Id id);
  Task<RunSpec> spec_of(Integration integration, ManifestPtr manifest, bool started);
  boost::asio::awaitable<void> serve(plugin::Integration integration, ManifestPtr manifest);
  boost::asio::awaitable<void> open_routes(plugin::Integration integration, ManifestPtr manifest);
  boost::asio::awaitable<void> halt(Id id);
  Task<Integration> adapted_or_refuse(Integration integration, ManifestPtr manifest);
  boost::asio::awaitable<void> serve_or_refuse(plugin::Integration integration, ManifestPtr manifest);
  // Runs the instance for as long as that takes where it does not run anyway.
  Task<port::Result> ask(Integration integration, ManifestPtr manifest, port::Call call);
  boost::asio::awaitable<void> complete(plugin::Integration& draft, ManifestPtr manifest);
  Task<Advanced> ask_step(Integration draft, std::string input, std::string language);
  Task<Advanced> make_all(Integration draft, ManifestPtr manifest, std::string done);
  Task<RouteSecrets> route_secrets(Integration integration, SecretValues own);
  boost::asio::awaitable<CheckReport> ask_check(Id id, ManifestPtr manifest);
  boost::asio::awaitable<void> claim(plugin::Integration integration);
  Task<void> register_remote(Integration& integration, bool take_over);
  // At a start: tells the provider where its routes are now, again while it is away.
  Task<void> register_moved(Id id);
  boost::asio::awaitable<std::string> unregister_remote(const plugin::Integration& integration);
  void listen(const plugin::Integration& integration, ManifestPtr manifest);
  boost::asio::awaitable<void> listen_loop(Id id, std::string listener);
  boost::asio::awaitable<bool> after_listening(Id id, std::string listener, port::Result result);
  boost::asio::awaitable<void> stop_listening(Id id);
  std::map<std::string, std::string> addresses(const plugin::Integration& integration,
                                               const plugin::Manifest& manifest) const;
  bool offers(const plugin::Manifest& manifest, std::string_view extension) const;

  Parts parts_;
  plugin::Integrations table_;
  plugin::History history_;
  AsyncLocks locks_;
  AsyncLocks secret_locks_;  // from reading secrets until routes have them
  AsyncLocks upgrade_turns_;
  FormerSecrets former_secrets_;
  TaskScope tasks_;
  mutable std::mutex mutex_;  // of what follows
  bool stopping_ = false;
  std::set<Id> waiting_;                  // connected, and not up yet
  std::map<Id, ManifestPtr> running_;     // which version, of what runs here
  std::map<Id, std::int64_t> revisions_;  // of integrations, as last seen
  std::set<Id> upgrading_, lent_;
  bool following_ = false;  // since the first look
  std::map<Id, std::shared_ptr<Listening>> listening_;
  std::map<Id, std::map<std::string, std::int64_t>> leases_;                    // by listener
  std::map<Id, std::map<std::string, std::pair<Code, std::string>>> troubles_;  // by source
};

}  // namespace patchbay::lifecycle
