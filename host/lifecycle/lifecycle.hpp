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

  template <class T>
  using Task = boost::asio::awaitable<T>;
  explicit Lifecycle(Parts parts);
  ~Lifecycle();

  // Mounts the routes of what is connected, which it returns after, and starts its instances.
  Task<void> start();
  // Nothing is resumed or listened for any more. Instances are ended by the runner.
  Task<void> stop();
  // The catalogue has changed: what did not come up since the start is tried again, and what runs is taken to
  // the version that is to run now (upgrade.cpp).
  void plugins_changed();

  // Enables its plugin (HOST-1). Throws Error{invalid} with diagnostics for an unknown one or bad settings.
  Task<plugin::Integration> create(NewIntegration wanted);
  Task<plugin::Integration> change(Id id, Change change, store::Actor who);
  Task<CheckReport> check(Id id);
  // Throws Error: conflict (identity connected already), invalid with diagnostics (the plugin or the provider
  // refuses). `take_over`: also when somebody else receives at the provider. Repeating is harmless.
  Task<plugin::Integration> activate(Id id, bool take_over, store::Actor who);
  // Whether routes that verify nothing may be open (HOOK-6), which connected ones follow at once.
  Task<void> consent(Id id, bool agrees, store::Actor who);
  Task<Disconnected> deactivate(Id id, store::Actor who);
  // Set-up (setup.cpp). A draft is complete: throws Error{invalid} with what it lacks.
  Task<plugin::Integration> finish(Id id);
  // Throws Error{conflict} for what is no draft. `untouched_since` (Unix ms): only one that nobody changed
  // since.
  Task<void> remove(Id id, store::Actor who, std::optional<std::int64_t> untouched_since = {});
  // Those of the field at `pointer`, which only the remote side knows.
  Task<std::vector<Choice>> choices(Id id, std::string pointer);
  // Where the draft stands; the first step is asked for when there is none yet.
  Task<Advanced> step(Id id, std::string language, store::Actor who);
  // On with what was filled in (a JSON object) for `step` (empty: whichever it is). Throws Error: invalid
  // with findings that point into `input`, conflict when it stands at another step.
  Task<Advanced> advance(Id id, std::string step, std::string input, std::string language, store::Actor who);
  // Its profile or its grants have changed: it runs with the new ones when this returns.
  Task<void> reconfigure(Id id);
  // Several hosts (cluster::Membership): this one works for more integrations; it is to work for fewer, and
  // does when this returns; other hosts may have changed some.
  void gained(cluster::Partitions partitions);
  Task<void> leave(cluster::Partitions partitions);
  Task<void> follow_others();
  // The public address, or system settings of a plugin, are other ones: routes, instances, providers follow.
  Task<void> site_moved();
  Task<void> settings_changed(std::string plugin);
  // A plugin has stored a secret of its own: when this returns its routes check with it, on every host.
  Task<void> secrets_changed(Id id);

  // Whether this host runs it, when it is connected.
  bool owns(Id id) const { return parts_.peers.owned().has(id); }
  // Configures an instance of what another host runs, to translate for its profile here, until it changes or
  // is given back. False: it is not connected, or does not come up.
  Task<bool> lend(Id id);
  Task<void> give_back(Id id);
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
  using Audit = std::optional<store::AuditEntry>;
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
  Task<Hold> hold(Id id);
  Task<void> watch_delivery(Id id);
  Task<bool> look_at_delivery(Id id);
  Task<void> register_again(Id id);
  Task<void> watch_health(Id id);
  Task<bool> look_at_health(Id id);
  ManifestPtr running(Id id) const;
  void set_running(Id id, ManifestPtr manifest);
  Task<void> follow_plugins();
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
  Task<plugin::Copy> way_back(Id id, ManifestPtr next);
  Task<jobs::Checkpoints> checkpoints_of(Id id);
  Task<void> store_version(Move move);
  void write_version(store::Session& session, const Move& move) const;
  Task<void> note(const Integration& integration, const std::string& version, const Text& text);
  Task<void> resume_in(cluster::Partitions partitions);
  Task<void> let_go(Id id, std::shared_ptr<std::atomic<int>> left);
  Task<void> follow_routes(Id id, bool open);
  Task<void> move_routes(Id id);
  Task<void> follow(Id id);
  Task<void> try_follow(Id id);
  Task<void> end_lending(Id id);
  Task<void> try_resume(Id id);
  bool is_news(const plugin::Revision& row) const;
  Task<std::vector<Integration>> connected_ones();
  Task<void> put_back(Integration before, jobs::Checkpoints old);
  Task<plugin::Integration> load(Id id);
  ManifestPtr manifest_of(const Integration& integration) const;
  ManifestPtr version_for(const Integration& integration) const;
  Task<void> save_state(Integration integration, Audit audit = {});
  Task<void> change_state(Id id, Turn turn);
  void show_troubles(Id id);
  Task<Secrets> read_secrets(Id id);
  Task<SecretValues> secrets_of(Id id);  // throws Error{internal} "vault.damaged"
  // A secret of `before` that is not in `after` goes. `formers`: given, the former values are these.
  Task<void> store_settings(Integration integration, SecretValues before, SecretValues after,
                            std::optional<std::vector<plugin::UsedGrant>> grants = {},
                            std::shared_ptr<const Move> move = nullptr,
                            std::optional<vault::Vault::Formers> formers = {}, Audit audit = {});
  store::AuditEntry entry(Id id, store::Actor who, const char* action, const std::string& detail = "{}");
  void redact(const SecretValues& before, const SecretValues& after);
  Task<void> resume(Id id);
  Task<void> resume_late(Id id);
  // Routes, instance and listeners of what is connected already, under its lock.
  Task<void> bring_back(Integration integration);
  Task<void> reconnect(Integration integration);
  void set_waiting(Id id, bool waiting);
  bool is_waiting(Id id) const;
  Task<void> connect(Integration& integration, bool take_over, Audit audit = {});
  Task<void> disconnect(Id id);
  hooks::Mount mount_of(const Integration&, const plugin::Manifest& manifest, RouteSecrets secrets) const;
  Task<void> refresh_routes(Id id);
  Task<RunSpec> spec_of(Integration integration, ManifestPtr manifest, bool started);
  Task<void> serve(Integration integration, ManifestPtr manifest);
  Task<void> open_routes(Integration integration, ManifestPtr manifest);
  Task<void> halt(Id id);
  Task<Integration> adapted_or_refuse(Integration integration, ManifestPtr manifest);
  Task<void> serve_or_refuse(Integration integration, ManifestPtr manifest);
  // Runs the instance for as long as that takes where it does not run anyway.
  Task<port::Result> ask(Integration integration, ManifestPtr manifest, port::Call call);
  Task<void> complete(plugin::Integration& draft, ManifestPtr manifest);
  Task<Advanced> ask_step(Integration draft, std::string input, std::string language, store::Actor who);
  Task<Advanced> make_all(Integration draft, ManifestPtr manifest, std::string done, store::Actor who);
  Task<RouteSecrets> route_secrets(Integration integration, SecretValues own);
  Task<CheckReport> ask_check(Id id, ManifestPtr manifest);
  Task<void> claim(Integration integration);
  Task<void> register_remote(Integration& integration, bool take_over);
  // At a start: tells the provider where its routes are now, again while it is away.
  Task<void> register_moved(Id id);
  Task<std::string> unregister_remote(const plugin::Integration& integration);
  void listen(const plugin::Integration& integration, ManifestPtr manifest);
  Task<void> listen_loop(Id id, std::string listener);
  Task<bool> after_listening(Id id, std::string listener, port::Result result);
  Task<void> stop_listening(Id id);
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
  std::map<Id, ManifestPtr> running_;        // which version, of what runs here
  std::map<Id, std::int64_t> revisions_;     // of integrations, as last seen
  std::set<Id> waiting_, upgrading_, lent_;  // waiting: connected, and not up yet
  bool following_ = false;                   // since the first look
  std::map<Id, std::shared_ptr<Listening>> listening_;
  std::map<Id, std::map<std::string, std::int64_t>> leases_;                    // by listener
  std::map<Id, std::map<std::string, std::pair<Code, std::string>>> troubles_;  // by source
};

}  // namespace patchbay::lifecycle
