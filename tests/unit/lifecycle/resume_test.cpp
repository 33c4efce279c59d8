#include "plugin/verifier_secrets.hpp"
#include "support.hpp"

namespace patchbay::lifecycle {
namespace {

class ResumeTest : public LifecycleTest {};
PB_ON_BOTH_DATABASES(ResumeTest);

TEST_P(ResumeTest, AStartChangesNothingAtTheProvider) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  restart();
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.trail, std::vector<std::string>{"run"});
}

TEST_P(ResumeTest, AStartTellsTheProviderOfAnotherAddress) {  // TG-1
  const auto id = create("One").id;
  instances_.answers["register"] = port::Result(port::Message(R"({"state": {"kept": 1}})"));
  wait(lifecycle_->activate(id, false, "test"));
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

TEST_P(ResumeTest, AnotherPublicAddressIsFollowedWhileItRuns) {  // SET-2, SET-3
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  instances_.trail.clear();
  site_.set("https://new.example/in");
  wait(lifecycle_->site_moved());
  const auto path = "/hooks/acme/" + to_string_id(id) + "/in";
  EXPECT_EQ(routes_->find(path)->address, "https://new.example/in" + path)
      << "what signatures are computed over";
  for (int i = 0; i < 100 && instances_.trail.size() < 2; ++i) wait(clock_.sleep(20ms));
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "register"}));
  EXPECT_EQ(json::parse(instances_.requests["register"]).at("routes").at("in"),
            "https://new.example/in" + path);
  EXPECT_EQ(json::parse(instances_.specs.back().configure).at("site_url"), "https://new.example/in");
}

TEST_P(ResumeTest, WhatIsDisconnectedStaysSoWhenTheAddressChanges) {  // SET-3
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  wait(lifecycle_->deactivate(id, "test"));
  site_.set("https://new.example");
  wait(lifecycle_->site_moved());
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
}

TEST_P(ResumeTest, InstancesAreToldTheSystemSettingsOfTheirPlugin) {  // SET-1, SET-3
  system_settings_ = R"({"AcmeLimit": 5})";
  wait(lifecycle_->activate(create("One").id, false, "test"));
  EXPECT_EQ(json::parse(instances_.specs.back().configure).at("system_settings"), json({{"AcmeLimit", 5}}));
  system_settings_ = R"({"AcmeLimit": 6})";
  const auto before = instances_.specs.size();
  wait(lifecycle_->settings_changed("another"));
  wait(lifecycle_->settings_changed("acme"));
  for (int i = 0; i < 100 && instances_.specs.size() == before; ++i) wait(clock_.sleep(20ms));
  ASSERT_EQ(instances_.specs.size(), before + 1);
  EXPECT_EQ(json::parse(instances_.specs.back().configure).at("system_settings"), json({{"AcmeLimit", 6}}));
}

TEST_P(ResumeTest, AStartSaysThatTheProviderRefusesTheNewAddress) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  stop();
  instances_.answers["register"] = port::Result(Code::invalid, "no such host");
  start("https://new.example");
  wait(lifecycle_->start());
  for (int i = 0; i < 100 && stored_state(id) == State::active; ++i) wait(clock_.sleep(20ms));
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST_P(ResumeTest, AListenerThatMayNotSignInSaysSo) {
  instances_.answers["run"] = port::Result(Code::unauthenticated, "token revoked");
  const auto id = create("One", kPolling).id;
  wait(lifecycle_->activate(id, false, "test"));
  EXPECT_TRUE(becomes(id, State::sign_in_again));
}

TEST_P(ResumeTest, AnUnknownPluginNamesTheNearest) {
  NewIntegration wanted;
  wanted.plugin = "acne";
  try {
    wait(lifecycle_->create(std::move(wanted)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.diagnostics().at(0).remedy.english(), "Did you mean acme?");
  }
}

TEST_P(ResumeTest, ChangedSettingsReachTheInstance) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  wait(change(id, R"({"mode": "polling"})"));
  EXPECT_EQ(json::parse(instances_.specs.back().settings).at("mode"), "polling");
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
}

TEST_P(ResumeTest, WhatDidNotComeUpIsTriedAgainWhenPluginsChangeAndListensOnce) {
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

TEST_P(ResumeTest, AChangeOfPluginsLeavesAListenerAlone) {
  instances_.answers["run"] = port::Result(Code::unavailable, "worker died");
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.answers.erase("run");
  lifecycle_->plugins_changed();
  wait(clock_.sleep(50ms));
  EXPECT_EQ(instances_.specs.size(), 1u);
}

TEST_P(ResumeTest, WhatWasDisconnectedMeanwhileIsNotResumed) {
  const auto id = connected(kPolling);
  instances_.run_fails = Code::unavailable;
  restart();
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.run_fails = Code::ok;
  auto changing = asio::co_spawn(io_, lifecycle_->deactivate(id, "test"), asio::use_future);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(becomes([&] { return changing.wait_for(0s) == std::future_status::ready; }));
  wait(clock_.sleep(50ms));
  EXPECT_EQ(stored_state(id), State::inactive);
  EXPECT_TRUE(instances_.leases.empty());
}

TEST_P(ResumeTest, AnInstanceThatComesUpLateIsConnectedAndListensOnce) {
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

TEST_P(ResumeTest, AListenerThatEndsItsWorkerEachTimeIsLeftOutUntilItIsConnectedAnew) {  // HOST-5
  auto left_out = port::Result(Code::internal, "it ended its worker again and again");
  left_out.poison = true;
  instances_.answers["run"] = left_out;
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_EQ(stored(id).reason_text, "it ended its worker again and again");
  lifecycle_->came_up(id);
  wait(clock_.sleep(1200ms));
  EXPECT_EQ(instances_.leases.size(), 1u);
  EXPECT_EQ(stored_state(id), State::degraded);
  instances_.answers.erase("run");
  wait(lifecycle_->activate(id, false, "test"));
  EXPECT_TRUE(becomes([&] { return instances_.leases.size() == 2; }));
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(ResumeTest, AProcessThatRestartedDoesNotHideWhatAListenerReported) {
  instances_.answers["run"] = port::Result(Code::conflict, "another poller");
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  lifecycle_->came_up(id);
  wait(clock_.sleep(50ms));
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST_P(ResumeTest, AStopDuringAStartLeavesNothingListening) {
  connected(kPolling);
  instances_.run_takes = 100ms;
  restart();
  wait(clock_.sleep(20ms));
  stop();
  EXPECT_TRUE(instances_.leases.empty());
}

TEST_P(ResumeTest, AnEndingListenerHidesNeitherQuarantineNorSignInAgain) {
  instances_.answers["run"] = port::Result(Code::unavailable, "quarantined");
  const auto id = create("One", kPolling).id;
  for (const auto state : {State::quarantined, State::sign_in_again}) {
    instances_.leases.clear();
    wait(lifecycle_->activate(id, false, "test"));
    set_state(id, state);
    ASSERT_TRUE(becomes([&] { return instances_.leases.size() > 1; }));
    wait(clock_.sleep(50ms));
    EXPECT_EQ(stored_state(id), state);
  }
}

TEST_P(ResumeTest, ARestartLiftsAQuarantine) {
  const auto id = connected();
  lifecycle_->quarantined(id, "five deaths");
  ASSERT_TRUE(becomes(id, State::quarantined));
  restart();
  EXPECT_TRUE(becomes(id, State::active));
}

TEST_P(ResumeTest, EveryListenerHasALeaseOfItsOwn) {
  const auto id = connected(R"({"token": "secret-token", "mode": "both"})");
  ASSERT_TRUE(becomes([&] { return instances_.leases.size() == 2; }));
  for (const auto lease : instances_.leases) EXPECT_TRUE(lifecycle_->holds_lease(id, lease));
  wait(lifecycle_->deactivate(id, "test"));
  for (const auto lease : instances_.leases) EXPECT_FALSE(lifecycle_->holds_lease(id, lease));
}

TEST_P(ResumeTest, ARefusedChangeLeavesWhatWorkedAtWork) {
  for (const auto* mode : {"webhook", "polling"}) {
    SCOPED_TRACE(mode);
    const auto id =
        create(mode, (R"({"token": "secret-token", "mode": ")" + std::string(mode) + "\"}").c_str()).id;
    instances_.answers["check"] =
        port::Result(port::Message(R"({"identity": "bot:)" + std::string(mode) + "\"}"));
    wait(lifecycle_->activate(id, false, "test"));
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

TEST_P(ResumeTest, WhatAProviderRefusesIsInvalidWithAFinding) {
  const auto id = create("One").id;
  for (const auto code : {Code::unauthenticated, Code::denied, Code::not_found, Code::rate_limited,
                          Code::unavailable, Code::conflict, Code::internal}) {
    instances_.answers["register"] = port::Result(code, "the provider says no");
    EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid) << code_name(code);
    EXPECT_NE(what_.find("the provider says no"), std::string::npos) << what_;
  }
  instances_.run_fails = Code::unauthenticated;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_EQ(failure_of(lifecycle_->activate(4711, false, "test")), Code::not_found);
}

TEST_P(ResumeTest, ADamagedSecretConcernsItsIntegrationAloneAndIsRepairedByGivingItAnew) {
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

TEST_P(ResumeTest, ADamagedGeneratedSecretIsGeneratedAnew) {
  const auto id = connected();
  damage(id, "hook");
  EXPECT_EQ(wait(change(id, R"({"token": "secret-token"})")).state, State::active);
  EXPECT_EQ(secret(id, "hook").empty(), false);
}

TEST_P(ResumeTest, ASecretDoesNotFollowToANewHostUnlessItIsGivenAgain) {  // ACC-4
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(change(id, R"({"base": "https://evil.example"})")), Code::invalid);
  EXPECT_NE(what_.find("/token"), std::string::npos) << what_;
  wait(change(id, R"({"base": "https://other.example", "token": "secret-token"})"));
  wait(change(id, R"({"base": "https://other.example", "mode": "polling"})"));
  EXPECT_EQ(failure_of(change(id, R"({"base": null})")), Code::invalid);
}

TEST_P(ResumeTest, ASecretThatAPluginStoresIsWhatItsRoutesCheckWith) {  // HOOK-6, N4
  const auto id = connected();
  const auto accepts = [&](const char* key) {
    hooks::Request request("POST", "/hooks/acme/" + to_string_id(id) + "/in");
    request.headers.emplace_back("x-key", key);
    const auto route = routes_->find(request.path);
    return route->verifier && route->verifier->accepts(request, hooks::Verifier::Context("", clock_.now()));
  };
  ASSERT_TRUE(accepts(secret(id, "hook").c_str()));
  store_->write_now([&](store::Session& session) {
    vault_->put(session, vault::SecretName("integration", id, "hook"), "renewed");
  });
  wait(lifecycle_->secrets_changed(id));
  EXPECT_TRUE(accepts("renewed"));
  // Of a plugin that is away no route is known, and none becomes so.
  routes_->close(id, "acme");
  wait(lifecycle_->secrets_changed(id));
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/other"), nullptr);
}

// N4: a secret of a verifier is replaced while the provider still uses the one before.
class FormerSecretTest : public LifecycleTest {
 protected:
  bool accepts(const std::string& key) {
    hooks::Request request("POST", "/hooks/acme/" + to_string_id(id_) + "/in");
    request.headers.emplace_back("x-key", key);
    const auto route = routes_->find(request.path);
    return route && route->verifier &&
           route->verifier->accepts(request, hooks::Verifier::Context("", clock_.now()));
  }
  // As a plugin does.
  void replace(const char* name, const std::string& value) {
    const auto manifest = catalogue_.find("acme");
    store_->write_now([&](store::Session& session) {
      plugin::store_secret(session, *vault_, *manifest, vault::SecretName("integration", id_, name), value,
                           clock_.now());
    });
    wait(lifecycle_->secrets_changed(id_));
  }
  std::size_t formers() {
    return store_->read_now(
        [&](store::Session& session) { return vault_->formers(session, "integration", id_).size(); });
  }

  Id id_ = connected();
  std::string first_ = secret(id_, "hook");
};
PB_ON_BOTH_DATABASES(FormerSecretTest);

TEST_P(FormerSecretTest, IsAcceptedBesideTheNewOneOverARestart) {
  replace("hook", "renewed");
  EXPECT_TRUE(accepts("renewed"));
  EXPECT_TRUE(accepts(first_));
  EXPECT_FALSE(accepts("another"));
  EXPECT_EQ(redactor_.redact("key " + first_), "key [secret]");
  EXPECT_EQ(secret(id_, "hook"), "renewed");
  restart();
  EXPECT_TRUE(accepts("renewed"));
  EXPECT_TRUE(accepts(first_));
  replace("hook", "once more");
  EXPECT_FALSE(accepts(first_));
}

TEST_P(FormerSecretTest, IsOneOfAVerifierOnly) {
  replace("token", "renewed");
  EXPECT_EQ(formers(), 0u);
}

TEST_P(FormerSecretTest, EndsWithItsTime) {
  replace("hook", "renewed");
  store_->write_now([&](store::Session& session) {
    const auto soon = clock_.now().time_since_epoch().count() + 500;
    vault_->set_formers(session, "integration", id_, {{"hook", {first_, soon}}});
  });
  wait(lifecycle_->secrets_changed(id_));
  EXPECT_TRUE(accepts(first_));
  EXPECT_TRUE(becomes([&] { return !accepts(first_); }));
  EXPECT_TRUE(accepts("renewed"));
}

TEST_P(FormerSecretTest, EndsAtOnceWhereAnAdministratorSaysSo) {
  replace("hook", "renewed");
  Change ends;
  ends.end_formers = true;
  wait(lifecycle_->change(id_, std::move(ends), "test"));
  EXPECT_FALSE(accepts(first_));
  EXPECT_TRUE(accepts("renewed"));
  EXPECT_EQ(formers(), 0u);
}

TEST_P(FormerSecretTest, StaysWhenAChangeIsRefused) {
  replace("hook", "renewed");
  instances_.answers["check"] = port::Result(Code::invalid, "wrong token");
  EXPECT_EQ(failure_of(change(id_, R"({"token": "another-token"})")), Code::invalid);
  EXPECT_TRUE(accepts(first_));
  EXPECT_TRUE(accepts("renewed"));
}

TEST_P(ResumeTest, DisconnectingAgainTakesAwayWhatWasLeft) {
  const auto id = connected();
  set_state(id, State::inactive);  // as a crash in the middle left it: the claim is still held
  wait(lifecycle_->deactivate(id, "test"));
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  EXPECT_EQ(wait(lifecycle_->activate(create("Two").id, false, "test")).state, State::active);
}

TEST_P(ResumeTest, ProvidersAreToldToComeAgainWhileThePluginIsAway) {  // HOOK-6
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
