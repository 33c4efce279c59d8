#pragma once

#include <string>
#include <utility>
#include <vector>

#include "patchbay/host.hpp"
#include "patchbay/setup.hpp"
#include "patchbay/sync.hpp"
#include "patchbay/templates.hpp"

namespace patchbay {

// What a library says it is; must equal plugin.json.
class About {
 public:
  About(std::string id_, std::string version_) : id(std::move(id_)), version(std::move(version_)) {}
  std::string id;
  std::string version;
};

// One instance: one configured integration. Derive, override the verbs that your plugin offers, and close the
// file with PATCHBAY_PLUGIN(YourType) of patchbay/seam.hpp.
//
// Everything here runs on the instance's strand: one thing at a time, on changing threads. Several calls may
// be open at once, each waiting at its co_await, so members can change between two awaits. The constructor
// must not use host().
class Plugin {
 public:
  explicit Plugin(const Host& host) : host_(host) {}
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

#ifdef PATCHBAY_PLUGIN_ID
  // From plugin.json, by patchbay_add_plugin(). Without that, give your type a describe() of its own.
  static About describe() {
    return About(PATCHBAY_PLUGIN_ID, PATCHBAY_PLUGIN_VERSION);
  }
#endif

  // --- pb.lifecycle/1
  // New settings, also later on. They hold once this returns; until then settings() are the old ones. Throw
  // Error(PB_INVALID) with diagnostics to refuse them.
  virtual Task<void> configure(Configuration) {
    co_return;
  }
  // A live test of the settings. Throw for a fault of the provider's side.
  virtual Task<CheckReply> check() {
    co_return CheckReply();
  }
  virtual Task<void> start() {
    co_return;
  }
  // No new calls will come; finish what runs.
  virtual Task<void> drain(std::int64_t /*deadline_ms*/) {
    co_return;
  }
  // Open calls have been cancelled. Own threads are joined when this returns.
  virtual Task<void> stop() {
    co_return;
  }
  virtual Task<Health> health() {
    co_return Health();
  }
  // `what`: "settings", or "checkpoint" with {"job", "checkpoint"}; `from_version`: setup.version of the
  // plugin that left it. Answers the value in today's shape. Before configure().
  virtual Task<Json> migrate(std::string /*what*/, int /*from_version*/, Json) {
    unsupported("pb.lifecycle/1:migrate");
  }

  // --- pb.setup/1. `path`: the field whose choices are asked for; `settings`: those so far.
  virtual Task<std::vector<Choice>> choices(std::string /*path*/, Json /*settings*/) {
    unsupported("pb.setup/1:choices");
  }
  // Leads through a set-up of several steps (setup.steps in the manifest); the host keeps where it stands.
  // Throw Error(PB_INVALID) with diagnostics that point into the input to have it filled in again.
  virtual Task<StepReply> step(StepRequest) {
    unsupported("pb.setup/1:step");
  }

  // --- pb.remote/1
  // Idempotent. Error(PB_CONFLICT).with_detail("foreign", address) when somebody else receives and
  // !take_over.
  virtual Task<RemoteState> remote_register(RemoteRequest) {
    unsupported("pb.remote/1:register");
  }
  virtual Task<void> remote_unregister(RemoteRequest) {
    unsupported("pb.remote/1:unregister");
  }
  virtual Task<RemoteStatus> remote_status(RemoteRequest) {
    unsupported("pb.remote/1:status");
  }

  // --- pb.webhook/1. Translates, and nothing else: quick, no side effects, many at once.
  virtual Task<Events> process(WebhookRequest) {
    unsupported("pb.webhook/1:process");
  }

  // --- pb.listen/1. Stays open until it is cancelled; when it ends, the host runs it again after a pause.
  virtual Task<void> listen(ListenRequest) {
    unsupported("pb.listen/1:run");
  }

  // --- pb.sync/1. One run of a job, page by page. Throw Error(PB_RATE_LIMITED).retry_after(...) when the
  // provider asks for a pause: what the last page stored stands.
  virtual Task<void> sync(SyncRun& /*run*/) {
    unsupported("pb.sync/1:run");
  }

  // --- pb.process/1. A process of the manifest. `request`: {"process", "run", "attempt", "parameters",
  // "started_by"}; the same `run` may come again: what it did is not to be done twice. What it returns is
  // kept as the run's result, and shown. Throw Error(PB_INVALID) and the like for what no repetition mends.
  virtual Task<Json> run_process(Json /*request*/) {
    unsupported("pb.process/1:run");
  }

  // --- pb.channel/1
  // `request`: SendRequest of docs/verbs.md.
  virtual Task<SendReply> send(Json /*request*/) {
    unsupported("pb.channel/1:send");
  }
  // `request`: {"idempotency_key", "conversation": {"id"}}.
  virtual Task<LookupReply> lookup(Json /*request*/) {
    unsupported("pb.channel/1:lookup");
  }
  // Tells the provider that a button.pressed has arrived.
  virtual Task<void> acknowledge(std::string /*press_id*/) {
    unsupported("pb.channel/1:acknowledge");
  }
  // Those that may be sent now, where channel.limits.templates is true.
  virtual Task<std::vector<Template>> templates() {
    unsupported("pb.channel/1:templates");
  }
  // A chat is finished in a conversation that a bot has held: gives it back. `request`: {"conversation"} as
  // in send().
  virtual Task<void> release(Json /*request*/) {
    unsupported("pb.channel/1:release");
  }
  // `file`: as given in an attachment of an event.
  virtual Task<FileReply> fetch(Json /*file*/) {
    unsupported("pb.channel/1:fetch");
  }

  // Settings as last configured.
  const Json& settings() const {
    return configuration_.settings;
  }
  const Configuration& configuration() const {
    return configuration_;
  }

  const Host& host() const {
    return host_;
  }

 private:
  friend class Seam;

  [[noreturn]] static void unsupported(const std::string& method) {
    throw Error(PB_UNSUPPORTED, "This plugin does not offer " + method);
  }

  const Host& host_;
  Configuration configuration_;
};

}  // namespace patchbay
