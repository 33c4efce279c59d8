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
namespace {

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
    {"id": "first", "when": {"setting": "/mode", "equals": "both"}}, {"id": "second", "when": {"setting": "/mode", "equals": "both"}}]})";
constexpr const char* kSetup =
    R"({"type": "object", "additionalProperties": false, "required": ["token"], "properties": {
  "token": {"type": "string", "x-secret": true}, "base": {"type": "string"}, "mode": {"type": "string", "enum": ["webhook", "polling", "both"], "default": "webhook"}}})";

constexpr const char* kWebhook = R"({"token": "secret-token"})";
constexpr const char* kPolling = R"({"token": "secret-token", "mode": "polling"})";

// Stands for the supervisor: notes what is asked and answers as told.
class FakeInstances final : public Runner, public plugin::Caller {
 public:
  asio::awaitable<void> run(RunSpec spec) override {
    trail.push_back(spec.started ? "run" : "configure");
    specs.push_back(spec);
    if (run_takes.count() != 0) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await clock.sleep(run_takes);
    }
    if (run_fails != Code::ok) throw Error(run_fails, Text::verbatim("configure failed"));
  }
  asio::awaitable<void> halt(Id) override {
    trail.push_back("halt");
    co_return;
  }
  asio::awaitable<port::Result> call(Id, port::Call call) override {
    const auto verb = call.method.substr(call.method.find(':') + 1);
    trail.push_back(verb);
    requests[verb] = call.message.json;
    if (verb == "run") leases.push_back(json::parse(call.message.json).at("lease"));
    const auto answer = answers.find(verb);
    if (verb == "run" && answer == answers.end()) co_await clock.sleep(24h);
    co_return answer == answers.end() ? port::Result(port::Message("{}")) : answer->second;
  }

  SystemClock clock;
  std::vector<std::string> trail;
  std::vector<RunSpec> specs;
  std::map<std::string, std::string> requests;
  std::map<std::string, port::Result> answers;
  std::vector<std::int64_t> leases;  // of every run of a listener
  Code run_fails = Code::ok;
  Duration run_takes{0};  // whoever waits for it cannot break it off
};

class LifecycleTest : public ::testing::TestWithParam<support::Database> {
 protected:
  LifecycleTest() {
    fs::create_directories(folder_ / "plugins/acme");
    std::ofstream(folder_ / "plugins/acme/plugin.json") << kManifest;
    std::ofstream(folder_ / "plugins/acme/setup.json") << kSetup;
    std::ofstream(folder_ / "plugins/acme/acme.so") << "code";
    catalogue_.scan();
    instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:1", "title": "Bot One"})"));
    start("https://host.example/app");
  }
  ~LifecycleTest() override { stop(); }

  void start(const std::string& site_url) {
    routes_ = std::make_unique<hooks::RouteTable>(site_url);
    lifecycle_ = std::make_unique<Lifecycle>(
        Lifecycle::Parts{io_.get_executor(), clock_, ids_, *store_, *vault_, catalogue_, *routes_, instances_,
                         instances_, redactor_, log::Logger::none(), site_url, "0.1.0"});
  }
  void stop() {
    if (lifecycle_) wait(lifecycle_->stop());
    lifecycle_.reset();
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
    return lifecycle_->change(id, std::move(change), "en");
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
    wait(lifecycle_->activate(id, false, "en"));
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
  std::unique_ptr<hooks::RouteTable> routes_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::string what_;
};
PB_ON_BOTH_DATABASES(LifecycleTest);

TEST_P(LifecycleTest, KeepsSecretsOutOfTheTable) {  // ACC-4
  const auto made = create("One");
  EXPECT_EQ(made.state, State::inactive);
  EXPECT_EQ(json::parse(made.settings), json::parse(R"({"mode": "webhook"})"));
  EXPECT_EQ(redactor_.redact("secret-token"), "[secret]");
}

TEST_P(LifecycleTest, ConnectsInAnOrderThatIsSafeToBreakOff) {  // TG-1, HOOK-4
  const auto id = create("One").id;
  const auto active = wait(lifecycle_->activate(id, false, "en"));
  EXPECT_EQ(active.state, State::active);
  EXPECT_EQ(active.identity, "bot:1");
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "check", "register"}));
  const auto request = json::parse(instances_.requests["register"]);
  EXPECT_EQ(request.at("routes").at("in"), "https://host.example/app/hooks/acme/" + to_string_id(id) + "/in");
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  EXPECT_EQ(json::parse(instances_.specs[0].configure).at("secrets"), json::parse(R"(["hook", "token"])"));
}

TEST_P(LifecycleTest, RefusesTheSameIdentityTwiceAndNamesTheHolder) {  // CHAT-26
  wait(lifecycle_->activate(create("One").id, false, "en"));
  const auto second = create("Two").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(second, false, "en")), Code::conflict);
  EXPECT_NE(what_.find("\"One\""), std::string::npos) << what_;
  EXPECT_EQ(stored_state(second), State::inactive);
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(second) + "/in"), nullptr);
}

TEST_P(LifecycleTest, BelongsToOneIdentityForEver) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "en"));
  wait(lifecycle_->deactivate(id));
  instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:2", "title": "Bot Two"})"));
  instances_.trail.clear();
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid);
  EXPECT_NE(what_.find("bot:2"), std::string::npos) << what_;
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "check", "halt"}));  // nothing is registered
  wait(lifecycle_->activate(create("Two").id, false, "en"));
}

TEST_P(LifecycleTest, IsNamedAfterTheAccountWhenNobodyNamedIt) {  // TG-1
  const auto unnamed = create("").id;
  wait(lifecycle_->activate(unnamed, false, "en"));
  const auto stored = store_->read_now(
      [&](store::Session& session) { return plugin::Integrations().find(session, unnamed); });
  EXPECT_EQ(stored->name, "Bot One");
  wait(lifecycle_->deactivate(unnamed));
  EXPECT_EQ(wait(lifecycle_->activate(create("One").id, false, "en")).name, "One");
}

TEST_P(LifecycleTest, TheIdentityIsFreeAgainAfterDisconnecting) {
  const auto first = create("One").id;
  wait(lifecycle_->activate(first, false, "en"));
  EXPECT_EQ(wait(lifecycle_->deactivate(first)).warning, "");
  EXPECT_EQ(wait(lifecycle_->activate(create("Two").id, false, "en")).state, State::active);
}

TEST_P(LifecycleTest, NamesAForeignAddressAndTakesOverOnlyWhenTold) {  // TG-1
  instances_.answers["register"] =
      port::Result(Code::conflict, "foreign", Duration{0}, port::Message(R"({"foreign": "https://other/"})"));
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid);
  EXPECT_NE(what_.find("https://other/"), std::string::npos);
  EXPECT_EQ(stored_state(id), State::inactive);
  instances_.answers.erase("register");
  wait(lifecycle_->activate(id, true, "en"));
  EXPECT_TRUE(json::parse(instances_.requests["register"]).at("take_over").get<bool>());
}

TEST_P(LifecycleTest, AWebhookNeedsAnHttpsAddress) {  // TG-1
  stop();
  start("http://host.example");
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid);
  EXPECT_NE(what_.find("/mode"), std::string::npos) << what_;
  const auto polling = create("Two", kPolling).id;
  EXPECT_EQ(wait(lifecycle_->activate(polling, false, "en")).state, State::active);
}

TEST_P(LifecycleTest, AFailingCheckLeavesNothingBehind) {  // SETUP-2
  instances_.answers["check"] = port::Result(port::Message(
      R"({"diagnostics": [{"severity": "error", "path": "/token", "summary": "Wrong token"}]})"));
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid);
  EXPECT_NE(what_.find("/token: Wrong token"), std::string::npos) << what_;
  EXPECT_EQ(instances_.trail.back(), "halt");
  const auto report = wait(lifecycle_->check(id, "en"));
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.diagnostics.at(0).path, "/token");
}

TEST_P(LifecycleTest, DisconnectsAlsoWhenTheProviderIsAway) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "en"));
  instances_.answers["unregister"] = port::Result(Code::unavailable, "no route to host");
  const auto done = wait(lifecycle_->deactivate(id));
  EXPECT_EQ(done.integration.state, State::inactive);
  EXPECT_EQ(done.warning, "no route to host");
}

TEST_P(LifecycleTest, AStartChangesNothingAtTheProvider) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "en"));
  restart();
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.trail, std::vector<std::string>{"run"});
}

TEST_P(LifecycleTest, AStartTellsTheProviderOfAnotherAddress) {  // TG-1
  const auto id = create("One").id;
  instances_.answers["register"] = port::Result(port::Message(R"({"state": {"kept": 1}})"));
  wait(lifecycle_->activate(id, false, "en"));
  stop();
  instances_.trail.clear();
  start("https://new.example");
  wait(lifecycle_->start());
  for (int i = 0; i < 100 && instances_.trail.size() < 2; ++i) wait(clock_.sleep(20ms));
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "register"}));
  const auto request = json::parse(instances_.requests["register"]);
  EXPECT_EQ(request.at("routes").at("in"), "https://new.example/hooks/acme/" + to_string_id(id) + "/in");
  EXPECT_EQ(request.at("state"), json::parse(R"({"kept": 1})"));
  EXPECT_EQ(request.at("take_over"), false);
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(LifecycleTest, AStartSaysThatTheProviderRefusesTheNewAddress) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "en"));
  stop();
  instances_.answers["register"] = port::Result(Code::invalid, "no such host");
  start("https://new.example");
  wait(lifecycle_->start());
  for (int i = 0; i < 100 && stored_state(id) == State::active; ++i) wait(clock_.sleep(20ms));
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST_P(LifecycleTest, AListenerThatMayNotSignInSaysSo) {
  instances_.answers["run"] = port::Result(Code::unauthenticated, "token revoked");
  const auto id = create("One", kPolling).id;
  wait(lifecycle_->activate(id, false, "en"));
  EXPECT_TRUE(becomes(id, State::sign_in_again));
}

TEST_P(LifecycleTest, AnUnknownPluginNamesTheNearest) {
  NewIntegration wanted;
  wanted.plugin = "acne";
  try {
    wait(lifecycle_->create(std::move(wanted)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.diagnostics().at(0).remedy.english(), "Did you mean acme?");
  }
}

TEST_P(LifecycleTest, ChangedSettingsReachTheInstance) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "en"));
  wait(change(id, R"({"mode": "polling"})"));
  EXPECT_EQ(json::parse(instances_.specs.back().settings).at("mode"), "polling");
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
}

TEST_P(LifecycleTest, WhatDidNotComeUpIsTriedAgainWhenPluginsChangeAndListensOnce) {
  const auto id = connected(kPolling);
  instances_.run_fails = Code::unavailable;
  restart();
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.run_fails = Code::ok;
  lifecycle_->plugins_changed();
  lifecycle_->plugins_changed();
  ASSERT_TRUE(becomes(id, State::active));
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.leases.size(), 1u);
}

TEST_P(LifecycleTest, AChangeOfPluginsLeavesAListenerAlone) {
  instances_.answers["run"] = port::Result(Code::unavailable, "worker died");
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.answers.erase("run");
  lifecycle_->plugins_changed();
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.specs.size(), 1u);
}

TEST_P(LifecycleTest, WhatWasDisconnectedMeanwhileIsNotResumed) {
  const auto id = connected(kPolling);
  instances_.run_fails = Code::unavailable;
  restart();
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.run_fails = Code::ok;
  auto changing = asio::co_spawn(io_, lifecycle_->deactivate(id), asio::use_future);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(becomes([&] { return changing.wait_for(0s) == std::future_status::ready; }));
  wait(clock_.sleep(50ms));
  EXPECT_EQ(stored_state(id), State::inactive);
  EXPECT_TRUE(instances_.leases.empty());
}

TEST_P(LifecycleTest, AnInstanceThatComesUpLateIsConnectedAndListensOnce) {
  const auto id = connected(kPolling);
  instances_.run_fails = Code::deadline;
  restart();
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_TRUE(instances_.leases.empty());
  lifecycle_->came_up(id);
  lifecycle_->came_up(id);
  EXPECT_TRUE(becomes(id, State::active));
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.leases.size(), 1u);
}

TEST_P(LifecycleTest, AProcessThatRestartedDoesNotHideWhatAListenerReported) {
  instances_.answers["run"] = port::Result(Code::conflict, "another poller");
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  lifecycle_->came_up(id);
  wait(clock_.sleep(50ms));
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST_P(LifecycleTest, AStopDuringAStartLeavesNothingListening) {
  connected(kPolling);
  instances_.run_takes = 100ms;
  restart();
  wait(clock_.sleep(20ms));
  stop();
  EXPECT_TRUE(instances_.leases.empty());
}

TEST_P(LifecycleTest, AnEndingListenerHidesNeitherQuarantineNorSignInAgain) {
  instances_.answers["run"] = port::Result(Code::unavailable, "quarantined");
  const auto id = create("One", kPolling).id;
  for (const auto state : {State::quarantined, State::sign_in_again}) {
    instances_.leases.clear();
    wait(lifecycle_->activate(id, false, "en"));
    set_state(id, state);
    ASSERT_TRUE(becomes([&] { return instances_.leases.size() > 1; }));
    wait(clock_.sleep(50ms));
    EXPECT_EQ(stored_state(id), state);
  }
}

TEST_P(LifecycleTest, ARestartLiftsAQuarantine) {
  const auto id = connected();
  lifecycle_->quarantined(id, "five deaths");
  ASSERT_TRUE(becomes(id, State::quarantined));
  restart();
  EXPECT_TRUE(becomes(id, State::active));
}

TEST_P(LifecycleTest, EveryListenerHasALeaseOfItsOwn) {
  const auto id = connected(R"({"token": "secret-token", "mode": "both"})");
  ASSERT_TRUE(becomes([&] { return instances_.leases.size() == 2; }));
  for (const auto lease : instances_.leases) EXPECT_TRUE(lifecycle_->holds_lease(id, lease));
  wait(lifecycle_->deactivate(id));
  for (const auto lease : instances_.leases) EXPECT_FALSE(lifecycle_->holds_lease(id, lease));
}

TEST_P(LifecycleTest, ARefusedChangeLeavesWhatWorkedAtWork) {
  for (const auto* mode : {"webhook", "polling"}) {
    SCOPED_TRACE(mode);
    const auto id =
        create(mode, (R"({"token": "secret-token", "mode": ")" + std::string(mode) + "\"}").c_str()).id;
    instances_.answers["check"] =
        port::Result(port::Message(R"({"identity": "bot:)" + std::string(mode) + "\"}"));
    wait(lifecycle_->activate(id, false, "en"));
    instances_.answers["check"] = port::Result(Code::unavailable, "provider away");
    instances_.leases.clear();
    EXPECT_EQ(failure_of(change(id, R"({"token": "wrong-token"})")), Code::invalid);
    EXPECT_EQ(stored_state(id), State::active);
    EXPECT_EQ(secret(id, "token"), "secret-token");
    EXPECT_EQ(redactor_.redact("secret-token"), "[secret]");
    EXPECT_EQ(instances_.trail.back() == "halt", false);
    wait(clock_.sleep(50ms));
    EXPECT_EQ(instances_.leases.size(), std::string(mode) == "polling" ? 1u : 0u);
    EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in") != nullptr,
              std::string(mode) == "webhook");
  }
}

TEST_P(LifecycleTest, WhatAProviderRefusesIsInvalidWithAFinding) {
  const auto id = create("One").id;
  for (const auto code : {Code::unauthenticated, Code::denied, Code::not_found, Code::rate_limited,
                          Code::unavailable, Code::conflict, Code::internal}) {
    instances_.answers["register"] = port::Result(code, "the provider says no");
    EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid) << code_name(code);
    EXPECT_NE(what_.find("the provider says no"), std::string::npos) << what_;
  }
  instances_.run_fails = Code::unauthenticated;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "en")), Code::invalid);
  EXPECT_EQ(failure_of(lifecycle_->activate(4711, false, "en")), Code::not_found);
}

TEST_P(LifecycleTest, ADamagedSecretConcernsItsIntegrationAloneAndIsRepairedByGivingItAnew) {
  const auto hurt = connected();
  instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:2"})"));
  const auto other = connected();
  damage(hurt, "token");
  restart();
  EXPECT_TRUE(becomes(hurt, State::degraded));
  EXPECT_EQ(stored(hurt).reason_code, "vault.damaged");
  EXPECT_EQ(stored_state(other), State::active);
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(other) + "/in"), nullptr);
  EXPECT_EQ(failure_of(change(hurt, R"({"mode": "polling"})")), Code::invalid);
  instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:1"})"));
  EXPECT_EQ(wait(change(hurt, R"({"token": "new-token"})")).state, State::active);
  EXPECT_EQ(secret(hurt, "token"), "new-token");
}

TEST_P(LifecycleTest, ADamagedGeneratedSecretIsGeneratedAnew) {
  const auto id = connected();
  damage(id, "hook");
  EXPECT_EQ(wait(change(id, R"({"token": "secret-token"})")).state, State::active);
  EXPECT_EQ(secret(id, "hook").empty(), false);
}

TEST_P(LifecycleTest, ASecretDoesNotFollowToANewHostUnlessItIsGivenAgain) {  // ACC-4
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(change(id, R"({"base": "https://evil.example"})")), Code::invalid);
  EXPECT_NE(what_.find("/token"), std::string::npos) << what_;
  wait(change(id, R"({"base": "https://other.example", "token": "secret-token"})"));
  wait(change(id, R"({"base": "https://other.example", "mode": "polling"})"));
  EXPECT_EQ(failure_of(change(id, R"({"base": null})")), Code::invalid);
}

TEST_P(LifecycleTest, DisconnectingAgainTakesAwayWhatWasLeft) {
  const auto id = connected();
  set_state(id, State::inactive);  // as a crash in the middle left it: the claim is still held
  wait(lifecycle_->deactivate(id));
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  EXPECT_EQ(wait(lifecycle_->activate(create("Two").id, false, "en")).state, State::active);
}

TEST_P(LifecycleTest, ProvidersAreToldToComeAgainWhileThePluginIsAway) {  // HOOK-6
  const auto id = connected();
  fs::rename(folder_ / "plugins/acme", folder_ / "acme");
  catalogue_.scan();
  restart();
  ASSERT_TRUE(becomes(id, State::degraded));
  const auto closed = routes_->find("/hooks/acme/" + to_string_id(id) + "/in");
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->verifier, nullptr);
  fs::rename(folder_ / "acme", folder_ / "plugins/acme");
  catalogue_.scan();
  lifecycle_->plugins_changed();
  ASSERT_TRUE(becomes(id, State::active));
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in")->verifier, nullptr);
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/other"), nullptr);
}

}  // namespace
}  // namespace patchbay::lifecycle
