#include "support.hpp"

namespace patchbay::lifecycle {
namespace {

PB_ON_BOTH_DATABASES(LifecycleTest);

TEST_P(LifecycleTest, KeepsSecretsOutOfTheTable) {  // ACC-4
  const auto made = create("One");
  EXPECT_EQ(made.state, State::inactive);
  EXPECT_EQ(json::parse(made.settings), json::parse(R"({"mode": "webhook"})"));
  EXPECT_EQ(redactor_.redact("secret-token"), "[secret]");
}

TEST_P(LifecycleTest, ConnectsInAnOrderThatIsSafeToBreakOff) {  // TG-1, HOOK-4
  const auto id = create("One").id;
  const auto active = wait(lifecycle_->activate(id, false, "test"));
  EXPECT_EQ(active.state, State::active);
  EXPECT_EQ(active.identity, "bot:1");
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "check", "register"}));
  const auto request = json::parse(instances_.requests["register"]);
  EXPECT_EQ(request.at("routes").at("in"), "https://host.example/app/hooks/acme/" + to_string_id(id) + "/in");
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  EXPECT_EQ(json::parse(instances_.specs[0].configure).at("secrets"), json::parse(R"(["hook", "token"])"));
}

TEST_P(LifecycleTest, RefusesTheSameIdentityTwiceAndNamesTheHolder) {  // CHAT-26
  wait(lifecycle_->activate(create("One").id, false, "test"));
  const auto second = create("Two").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(second, false, "test")), Code::conflict);
  EXPECT_NE(what_.find("\"One\""), std::string::npos) << what_;
  EXPECT_EQ(stored_state(second), State::inactive);
  EXPECT_EQ(routes_->find("/hooks/acme/" + to_string_id(second) + "/in"), nullptr);
}

TEST_P(LifecycleTest, BelongsToOneIdentityForEver) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  wait(lifecycle_->deactivate(id, "test"));
  instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:2", "title": "Bot Two"})"));
  instances_.trail.clear();
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("bot:2"), std::string::npos) << what_;
  EXPECT_EQ(instances_.trail, (std::vector<std::string>{"run", "check", "halt"}));  // nothing is registered
  wait(lifecycle_->activate(create("Two").id, false, "test"));
}

TEST_P(LifecycleTest, IsNamedAfterTheAccountWhenNobodyNamedIt) {  // TG-1
  const auto unnamed = create("").id;
  wait(lifecycle_->activate(unnamed, false, "test"));
  const auto stored = store_->read_now(
      [&](store::Session& session) { return plugin::Integrations().find(session, unnamed); });
  EXPECT_EQ(stored->name, "Bot One");
  wait(lifecycle_->deactivate(unnamed, "test"));
  EXPECT_EQ(wait(lifecycle_->activate(create("One").id, false, "test")).name, "One");
}

TEST_P(LifecycleTest, TheFirstIntegrationEnablesItsPluginWhichIsAudited) {  // HOST-1
  const auto enablings = [this] {
    return store_->read_now([](store::Session& session) {
      return session.query("select actor, object from audit where action = 'plugin.enable'");
    });
  };
  catalogue_.choose({});
  EXPECT_EQ(catalogue_.find("acme"), nullptr);
  NewIntegration wanted;
  wanted.plugin = "acme";
  wanted.settings = "{}";
  wanted.who = "ops";
  EXPECT_EQ(failure_of(lifecycle_->create(wanted)), Code::invalid);  // for want of a token
  EXPECT_EQ(enablings().size(), 0u);
  EXPECT_EQ(catalogue_.find("acme"), nullptr);
  wanted.draft = true;
  wait(lifecycle_->create(wanted));
  EXPECT_NE(catalogue_.find("acme"), nullptr);
  wanted.who = "boss";
  wait(lifecycle_->create(wanted));
  const auto seen = enablings();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].text(0) + " " + seen[0].text(1), "ops plugin:acme");
}

TEST_P(LifecycleTest, WhatHasIntegrationsStaysEnabledWhenItsChoiceIsForgotten) {  // HOST-1, HOST-4
  create("One");
  const auto after = [this](const std::string& plugin) {
    return store_->write_now([&](store::Session& session) {
      plugin::write_choice(session, plugin, {"1.0.0", true}, "ops", 1);
      plugin::forget_choice(session, plugin);
      return plugin::read_choices(session);
    });
  };
  EXPECT_EQ(after("other").count("other"), 0u);
  EXPECT_EQ(after("acme"), (plugin::Choices{{"acme", {"", false}}}));
}

TEST_P(LifecycleTest, ARouteThatVerifiesNothingNeedsConsentWhichIsAudited) {  // HOOK-6
  auto manifest = json::parse(kManifest);
  manifest["version"] = "1.1.0";
  manifest["routes"].push_back({{"id", "open"}, {"verify", {{"type", "none"}}}});
  std::ofstream(folder_ / "plugins/acme/plugin.json") << manifest.dump();
  catalogue_.scan();
  const auto id = create("One").id;
  const auto path = "/hooks/acme/" + to_string_id(id) + "/open";
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("open"), std::string::npos) << what_;
  EXPECT_EQ(routes_->find(path), nullptr);
  wait(lifecycle_->consent(id, true, "ops"));
  wait(lifecycle_->consent(id, true, "ops"));
  wait(lifecycle_->activate(id, false, "test"));
  EXPECT_NE(routes_->find(path), nullptr);
  restart();
  EXPECT_NE(routes_->find(path), nullptr);
  wait(lifecycle_->consent(id, false, "boss"));
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  const auto audit = store_->read_now([](store::Session& session) {
    return session.query("select actor, action from audit where action like '%consent' order by id");
  });
  ASSERT_EQ(audit.size(), 2U);
  EXPECT_EQ(audit[0].text(0) + " " + audit[0].text(1), "ops integration.consent");
  EXPECT_EQ(audit[1].text(0) + " " + audit[1].text(1), "boss integration.withdraw_consent");
}

TEST_P(LifecycleTest, TheIdentityIsFreeAgainAfterDisconnecting) {
  const auto first = create("One").id;
  wait(lifecycle_->activate(first, false, "test"));
  EXPECT_EQ(wait(lifecycle_->deactivate(first, "test")).warning, "");
  EXPECT_EQ(wait(lifecycle_->activate(create("Two").id, false, "test")).state, State::active);
}

TEST_P(LifecycleTest, NamesAForeignAddressAndTakesOverOnlyWhenTold) {  // TG-1
  instances_.answers["register"] =
      port::Result(Code::conflict, "foreign", Duration{0}, port::Message(R"({"foreign": "https://other/"})"));
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("https://other/"), std::string::npos);
  EXPECT_EQ(stored_state(id), State::inactive);
  instances_.answers.erase("register");
  wait(lifecycle_->activate(id, true, "test"));
  EXPECT_TRUE(json::parse(instances_.requests["register"]).at("take_over").get<bool>());
}

TEST_P(LifecycleTest, AWebhookNeedsAnHttpsAddress) {  // TG-1
  stop();
  start("http://host.example");
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("/mode"), std::string::npos) << what_;
  const auto polling = create("Two", kPolling).id;
  EXPECT_EQ(wait(lifecycle_->activate(polling, false, "test")).state, State::active);
}

TEST_P(LifecycleTest, WithoutASystemSettingThatIsRequiredNothingIsConnected) {  // CHAT-25
  unset_ = "AcmeApp";
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("The system setting AcmeApp is not set"), std::string::npos) << what_;
  const auto report = wait(lifecycle_->check(id));
  EXPECT_FALSE(report.ok);
  ASSERT_EQ(report.diagnostics.size(), 1u);
  EXPECT_NE(report.diagnostics[0].remedy.english().find("settings set AcmeApp"), std::string::npos);
  EXPECT_FALSE(plugin::is_connected(stored_state(id)));
  EXPECT_EQ(std::count(instances_.trail.begin(), instances_.trail.end(), "run"), 0);
  unset_ = "";
  EXPECT_EQ(wait(lifecycle_->activate(id, false, "test")).state, State::active);
}

TEST_P(LifecycleTest, AFailingCheckLeavesNothingBehind) {  // SETUP-2
  instances_.answers["check"] = port::Result(port::Message(
      R"({"diagnostics": [{"severity": "error", "path": "/token", "summary": "Wrong token"}]})"));
  const auto id = create("One").id;
  EXPECT_EQ(failure_of(lifecycle_->activate(id, false, "test")), Code::invalid);
  EXPECT_NE(what_.find("/token: Wrong token"), std::string::npos) << what_;
  EXPECT_EQ(instances_.trail.back(), "halt");
  const auto report = wait(lifecycle_->check(id));
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.diagnostics.at(0).path, "/token");
}

TEST_P(LifecycleTest, ACheckTellsTheFacts) {  // SETUP-2
  const auto facts = [&] { return nlohmann::json::parse(wait(lifecycle_->check(create("One").id)).facts); };
  EXPECT_EQ(facts(), nlohmann::json::object());
  instances_.answers["check"] =
      port::Result(port::Message(R"({"identity": "bot:1", "facts": {"username": "support_bot"}})"));
  EXPECT_EQ(facts(), (nlohmann::json{{"username", "support_bot"}}));
}

TEST_P(LifecycleTest, DisconnectsAlsoWhenTheProviderIsAway) {
  const auto id = create("One").id;
  wait(lifecycle_->activate(id, false, "test"));
  instances_.answers["unregister"] = port::Result(Code::unavailable, "no route to host");
  const auto done = wait(lifecycle_->deactivate(id, "test"));
  EXPECT_EQ(done.integration.state, State::inactive);
  EXPECT_EQ(done.warning, "no route to host");
}

}  // namespace
}  // namespace patchbay::lifecycle
