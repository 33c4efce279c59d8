#pragma once

#include "lifecycle/lifecycle.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "support/databases.hpp"

namespace patchbay::lifecycle {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using nlohmann::json;
using plugin::Integration;
using plugin::State;
using namespace std::chrono_literals;

constexpr const char* kManifest =
    R"({"id": "acme", "version": "1.0.0", "sdk": "0.0", "kinds": ["channel"], "title": "Acme",
  "description": "d", "licence": "MIT", "offers": ["pb.lifecycle/1", "pb.remote/1"], "setup": {"schema": "setup.json"},
  "secrets": {"hook": {"generate": 32}, "token": {"hosts": ["setting:/base"]}},
  "routes": [{"id": "in", "verify": {"type": "header-equals", "header": "X-Key", "secret": "secret:hook"}, "https": true,
              "when": {"setting": "/mode", "equals": "webhook"}}],
  "listeners": [{"id": "poll", "when": {"setting": "/mode", "equals": "polling"}},
    {"id": "first", "when": {"setting": "/mode", "equals": "both"}}, {"id": "second", "when": {"setting": "/mode", "equals": "both"}}],
  "requires_settings": ["AcmeApp", "SiteUrl"]})";
constexpr const char* kSetup =
    R"({"type": "object", "additionalProperties": false, "required": ["token"], "properties": {
  "token": {"type": "string", "x-secret": true}, "base": {"type": "string"}, "mode": {"type": "string", "enum": ["webhook", "polling", "both"], "default": "webhook"}}})";

constexpr const char* kWebhook = R"({"token": "secret-token"})";
constexpr const char* kPolling = R"({"token": "secret-token", "mode": "polling"})";

// Stands for the supervisor: notes what is asked and answers as told.
class FakeInstances final : public Runner, public plugin::Caller {
 public:
  asio::awaitable<void> run(RunSpec spec) override {
    trail.push_back(spec.trial ? "trial" : spec.started ? "run" : "configure");
    specs.push_back(spec);
    if (run_takes.count() != 0) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await clock.sleep(run_takes);
    }
    if (spec.started && spec.manifest->version == refuse_version)
      throw Error(Code::unavailable, Text::verbatim("does not start"));
    if (run_fails != Code::ok) throw Error(run_fails, Text::verbatim("configure failed"));
  }
  asio::awaitable<void> halt(Id id) override {
    trail.push_back(id < 0 ? "halt trial" : "halt");
    co_return;
  }
  bool runs_inside(const std::string&) const override { return inside; }
  asio::awaitable<port::Result> call(Id id, port::Call call) override {
    asked = id;
    const auto verb = call.method.substr(call.method.find(':') + 1);
    const bool checkpoint = verb == "migrate" && json::parse(call.message.json).at("what") == "checkpoint";
    if (checkpoint && !migrated_checkpoint.empty())
      co_return port::Result(port::Message(migrated_checkpoint));
    trail.push_back(verb);
    requests[verb] = call.message.json;
    if (verb == "run") leases.push_back(json::parse(call.message.json).at("lease"));
    const auto answer = answers.find(verb);
    if (verb == "run" && answer == answers.end()) co_await clock.sleep(24h);
    co_return answer == answers.end() ? port::Result(port::Message("{}")) : answer->second;
  }

  SystemClock clock;
  std::vector<std::string> trail;
  Id asked = 0;  // last
  std::vector<RunSpec> specs;
  std::map<std::string, std::string> requests;
  std::map<std::string, port::Result> answers;
  std::vector<std::int64_t> leases;  // of every run of a listener
  Code run_fails = Code::ok;
  bool inside = false;
  std::string refuse_version;       // does not start
  std::string migrated_checkpoint;  // what it becomes
  Duration run_takes{0};            // whoever waits for it cannot break it off
};

class LifecycleTest : public ::testing::TestWithParam<support::Database> {
 protected:
  LifecycleTest() {
    fs::create_directories(folder_ / "plugins/acme");
    std::ofstream(folder_ / "plugins/acme/plugin.json") << kManifest;
    std::ofstream(folder_ / "plugins/acme/setup.json") << kSetup;
    std::ofstream(folder_ / "plugins/acme/acme.so") << "code";
    catalogue_.choose({{"acme", {}}});
    catalogue_.scan();
    instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:1", "title": "Bot One"})"));
    start("https://host.example/app");
  }
  ~LifecycleTest() override { stop(); }

  void start(SiteAddress site) {
    site_ = std::move(site);
    routes_ = std::make_unique<hooks::RouteTable>(site_);
    jobs_ = std::make_unique<jobs::Scheduler>(jobs::Scheduler::Parts{
        io_.get_executor(), clock_, ids_, *store_, instances_, metrics_, log::Logger::none()});
    lifecycle_ = std::make_unique<Lifecycle>(Lifecycle::Parts{
        io_.get_executor(), clock_, ids_, *store_, *vault_, catalogue_, *routes_, instances_, instances_,
        *jobs_, peers(), redactor_, log::Logger::none(), site_, "0.1.0", "here", [this] { return enabled(); },
        [this](const plugin::Manifest&) { return system_settings_; },
        [this](const std::string& code) { return code != unset_; }});
  }
  void stop() {
    if (!lifecycle_) return;
    wait(jobs_->stop());
    wait(lifecycle_->stop());
    lifecycle_.reset();
  }

  asio::awaitable<void> enabled() {
    auto read = [](store::Session& session) { return plugin::read_choices(session); };
    auto choices = co_await store_->read(std::move(read));
    catalogue_.choose(std::move(choices));
  }

  template <class T>
  T wait(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    io_.restart();
    while (future.wait_for(0s) != std::future_status::ready) io_.run_one_for(10s);
    return future.get();
  }
  Integration create(const char* name, const char* settings = kWebhook) {
    NewIntegration wanted;
    wanted.plugin = "acme";
    wanted.name = name;
    wanted.settings = settings;
    return wait(lifecycle_->create(std::move(wanted)));
  }
  Integration stored(Id id) {
    return store_->read_now(
        [&](store::Session& session) { return *plugin::Integrations().find(session, id); });
  }
  State stored_state(Id id) { return stored(id).state; }
  std::string secret(Id id, const char* name) {
    return store_->read_now([&](store::Session& session) {
      return vault_->get(session, vault::SecretName("integration", id, name)).value_or("");
    });
  }
  void damage(Id id, const char* name) {
    store_->write_now([&](store::Session& session) {
      session.exec(
          "update secrets set nonce = (select nonce from secrets where scope = 'vault') "
          "where owner_id = :id and name = :name",
          {id, std::string(name)});
    });
  }
  asio::awaitable<Integration> change(Id id, const char* settings) {
    Change change;
    change.settings = settings;
    return lifecycle_->change(id, std::move(change), "test");
  }
  template <class F>
  bool becomes(F holds) {
    for (int i = 0; i < 100 && !holds(); ++i) wait(clock_.sleep(20ms));
    return holds();
  }
  bool becomes(Id id, State state) {
    return becomes([&] { return stored_state(id) == state; });
  }
  void set_state(Id id, State state) {
    store_->write_now([&](store::Session& session) {
      auto integration = *plugin::Integrations().find(session, id);
      integration.state = state;
      plugin::Integrations().set_state(session, integration);
    });
  }
  void restart() {
    stop();
    instances_.trail.clear();
    instances_.leases.clear();
    start("https://host.example/app");
    wait(lifecycle_->start());
  }
  Id connected(const char* settings = kWebhook) {
    const auto id = create("One", settings).id;
    wait(lifecycle_->activate(id, false, "test"));
    return id;
  }
  Code failure_of(asio::awaitable<Integration> task) {
    try {
      wait(std::move(task));
    } catch (const Error& error) {
      what_ = error.what();
      return error.code();
    }
    return Code::ok;
  }

  asio::io_context io_;
  SystemClock clock_;
  support::FreshDatabase database_{GetParam()};
  support::TempFolder folder_;
  std::unique_ptr<store::Store> store_ = database_.open();
  std::unique_ptr<vault::Vault> vault_ = vault::Vault::open(*store_, folder_ / "key", clock_);
  IdMint ids_{clock_};
  log::Redactor redactor_;
  plugin::Catalogue catalogue_{{folder_ / "plugins"}, folder_ / "artefacts", log::Logger::none()};
  FakeInstances instances_;
  SiteAddress site_;
  std::string system_settings_ = "{}";
  std::string unset_;  // code of the system setting that has no value
  std::unique_ptr<hooks::RouteTable> routes_;
  virtual cluster::Peers& peers() { return alone_; }

  cluster::Alone alone_;
  metrics::Registry metrics_;
  std::unique_ptr<jobs::Scheduler> jobs_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::string what_;
};

}  // namespace patchbay::lifecycle
