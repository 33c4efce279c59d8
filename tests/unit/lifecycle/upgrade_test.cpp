#include "support.hpp"

#include <algorithm>

namespace patchbay::lifecycle {
namespace {

using Words = std::vector<std::string>;

class UpgradeTest : public LifecycleTest {
 protected:
  // Puts another version in the plugin's folder, with settings of shape `setup`.
  void drop(const std::string& version, int setup) {
    auto manifest = json::parse(kManifest);
    manifest["version"] = version;
    manifest["setup"]["version"] = setup;
    std::ofstream(folder_ / "plugins/acme/plugin.json") << manifest.dump();
    std::ofstream(folder_ / "plugins/acme/acme.so") << "code of " << version;
    if (setup == 2) {
      auto schema = json::parse(kSetup);
      schema["properties"].erase("base");
      schema["properties"]["bases"] = {{"type", "array"}};
      std::ofstream(folder_ / "plugins/acme/setup.json") << schema.dump();
      instances_.answers["migrate"] =
          port::Result(port::Message(R"({"value": {"mode": "webhook", "bases": ["b"]}})"));
    }
    catalogue_.scan();
  }
  // A version whose manifest declares one more secret that the host makes.
  void drop_with_another_secret(const std::string& version) {
    auto manifest = json::parse(kManifest);
    manifest["version"] = version;
    manifest["secrets"]["verify"] = {{"generate", 32}};
    std::ofstream(folder_ / "plugins/acme/plugin.json") << manifest.dump();
    std::ofstream(folder_ / "plugins/acme/acme.so") << "code with another secret, " << version;
    catalogue_.scan();
  }
  // Another version, whose settings need what no migration can know.
  void drop_needing_region() {
    drop("2.0.0", 2);
    auto schema = json::parse(kSetup);
    schema["required"].push_back("region");
    schema["properties"]["region"] = {{"type", "string"}, {"enum", {"eu", "us"}}};
    schema["properties"]["key"] = {{"type", "string"}, {"x-secret", true}};
    std::ofstream(folder_ / "plugins/acme/setup.json") << schema.dump();
    instances_.answers["migrate"] = port::Result(port::Message(R"({"value": {"mode": "webhook"}})"));
    catalogue_.scan();
  }
  Id refusing_one() {
    const auto id = running_one();
    drop_needing_region();
    lifecycle_->plugins_changed();
    EXPECT_TRUE(noticed(id));
    EXPECT_TRUE(becomes([&] { return instances_.trail.back() == "halt trial"; }));
    instances_.trail.clear();
    return id;
  }
  void choose(const std::string& version, bool disabled = false) {
    catalogue_.choose({{"acme", {version, disabled}}});
    lifecycle_->plugins_changed();
  }
  Id running_one() {
    const auto id = connected();
    instances_.trail.clear();
    return id;
  }
  bool is_version(Id id, const std::string& version) {
    return becomes([&] { return stored(id).version == version && instances_.trail.back() == "halt trial"; });
  }
  json notice(Id id) { return json::parse(stored(id).notice, nullptr, false); }
  bool noticed(Id id) {
    return becomes([&] { return !stored(id).notice.empty(); });
  }
};
PB_ON_BOTH_DATABASES(UpgradeTest);

TEST_P(UpgradeTest, TheNewVersionIsTriedBesideTheOldOneFirst) {  // HOST-4
  const auto id = running_one();
  drop("1.1.0", 1);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(is_version(id, "1.1.0"));
  EXPECT_EQ(instances_.trail, (Words{"trial", "configure", "check", "run", "halt trial"}));
  EXPECT_EQ(instances_.specs.back().manifest->version, "1.1.0");
  EXPECT_EQ(stored_state(id), State::active);
  EXPECT_TRUE(stored(id).notice.empty());
  instances_.trail.clear();
  lifecycle_->plugins_changed();
  wait(clock_.sleep(50ms));
  EXPECT_TRUE(instances_.trail.empty());  // it runs already
}

TEST_P(UpgradeTest, SettingsOfAnotherShapeAreMovedByThePlugin) {  // SETUP-5
  const auto id = running_one();
  drop("2.0.0", 2);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(is_version(id, "2.0.0"));
  EXPECT_EQ(instances_.trail,
            (Words{"trial", "migrate", "trial", "configure", "check", "run", "halt trial"}));
  EXPECT_EQ(json::parse(instances_.requests["migrate"]).at("from_version"), 1);
  EXPECT_EQ(json::parse(stored(id).settings), json::parse(R"({"mode": "webhook", "bases": ["b"]})"));
  EXPECT_EQ(stored(id).setup_version, 2);
  EXPECT_EQ(secret(id, "token"), "secret-token");
}

TEST_P(UpgradeTest, WhatCannotBeMovedStaysAndAsks) {  // SETUP-5
  const auto id = running_one();
  const auto before = stored(id).settings;
  drop("2.0.0", 2);
  instances_.answers["migrate"] = port::Result(port::Message(R"({"value": {"mode": "nonsense"}})"));
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  EXPECT_EQ(notice(id).at("version"), "2.0.0");
  EXPECT_EQ(stored(id).settings, before);
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_EQ(stored_state(id), State::active);
  EXPECT_EQ(std::count(instances_.trail.begin(), instances_.trail.end(), "run"),
            0);  // the old one was not touched
}

TEST_P(UpgradeTest, WhatTheMigrationCouldNotKnowIsGivenAndTheNewVersionTakesOver) {  // SETUP-5
  const auto id = refusing_one();
  const auto changed = wait(change(id, R"({"region": "eu", "key": "new-key"})"));
  EXPECT_EQ(changed.version, "2.0.0");
  EXPECT_EQ(json::parse(stored(id).settings), json::parse(R"({"mode": "webhook", "region": "eu"})"));
  EXPECT_EQ(stored(id).setup_version, 2);
  EXPECT_TRUE(stored(id).notice.empty());
  EXPECT_EQ(stored_state(id), State::active);
  EXPECT_EQ(secret(id, "key"), "new-key");
  EXPECT_EQ(secret(id, "token"), "secret-token");
  EXPECT_EQ(instances_.specs.back().manifest->version, "2.0.0");
  EXPECT_EQ(instances_.trail,
            (Words{"trial", "migrate", "trial", "configure", "check", "run", "halt trial"}));
}

TEST_P(UpgradeTest, AnAnswerThatTheNewVersionRefusesTooChangesNothing) {  // SETUP-5
  const auto id = refusing_one();
  const auto before = stored(id);
  EXPECT_EQ(failure_of(change(id, R"({"region": "moon", "key": "new-key"})")), Code::invalid);
  EXPECT_NE(what_.find("/region"), std::string::npos) << what_;
  instances_.answers["check"] = port::Result(Code::invalid, "no account in that region");
  EXPECT_EQ(failure_of(change(id, R"({"region": "us", "key": "new-key"})")), Code::invalid);
  EXPECT_NE(what_.find("no account in that region"), std::string::npos) << what_;
  EXPECT_EQ(stored(id).settings, before.settings);
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_EQ(stored(id).notice, before.notice);
  EXPECT_EQ(stored_state(id), State::active);
  EXPECT_EQ(secret(id, "key"), "");
  EXPECT_EQ(std::count(instances_.trail.begin(), instances_.trail.end(), "run"), 0);
}

TEST_P(UpgradeTest, ASecretDoesNotFollowToANewHostByWayOfAMigration) {  // ACC-4, SETUP-5
  const auto id = refusing_one();
  EXPECT_EQ(failure_of(change(id, R"({"region": "eu", "base": "https://evil.example"})")), Code::invalid);
  EXPECT_NE(what_.find("/token"), std::string::npos) << what_;
  EXPECT_EQ(stored(id).version, "1.0.0");
}

TEST_P(UpgradeTest, AChangeThatTheOldVersionTakesIsItsAndTheNewOneIsTriedAgain) {  // SETUP-5
  const auto id = refusing_one();
  instances_.answers["migrate"] =
      port::Result(port::Message(R"({"value": {"mode": "polling", "region": "eu"}})"));
  wait(change(id, R"({"mode": "polling"})"));
  EXPECT_TRUE(is_version(id, "2.0.0"));
}

TEST_P(UpgradeTest, WhatCouldNotBeMovedAtAStartIsGivenLater) {  // SETUP-5
  const auto id = running_one();
  stop();
  drop_needing_region();
  start("https://host.example/app");
  wait(lifecycle_->start());
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_EQ(failure_of(change(id, R"({"mode": "polling"})")), Code::invalid);
  EXPECT_EQ(stored(id).setup_version, 1);
  EXPECT_EQ(wait(change(id, R"({"region": "eu"})")).state, State::active);
  EXPECT_EQ(stored(id).version, "2.0.0");
  EXPECT_EQ(json::parse(stored(id).settings).at("region"), "eu");
}

TEST_P(UpgradeTest, AnAnswerThatDoesNotConnectLeavesTheOldShape) {  // SETUP-5
  const auto id = running_one();
  const auto before = stored(id);
  stop();
  drop_needing_region();
  start("https://host.example/app");
  wait(lifecycle_->start());
  ASSERT_TRUE(becomes(id, State::degraded));
  instances_.answers["check"] = port::Result(Code::unavailable, "provider away");
  EXPECT_EQ(failure_of(change(id, R"({"region": "us"})")), Code::invalid);
  EXPECT_EQ(stored(id).settings, before.settings);
  EXPECT_EQ(stored(id).setup_version, 1);
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_EQ(stored(id).identity, before.identity);
  EXPECT_EQ(stored(id).name, before.name);
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST_P(UpgradeTest, WhatIsNotConnectedIsTakenToTheNewShapeByAChange) {  // SETUP-5
  const auto id = create("One").id;
  drop_needing_region();
  EXPECT_EQ(failure_of(change(id, R"({"mode": "polling"})")), Code::invalid);
  wait(change(id, R"({"region": "eu"})"));
  EXPECT_EQ(stored(id).setup_version, 2);
  EXPECT_EQ(wait(lifecycle_->activate(id, false, "test")).version, "2.0.0");
}

TEST_P(UpgradeTest, ASecretThatTheNewVersionHasUsMakeIsMadeWithIt) {  // HOST-4, HOOK-6
  const auto id = running_one();
  const auto hook = secret(id, "hook");
  drop_with_another_secret("1.1.0");
  auto works = std::exchange(instances_.answers["check"], port::Result(Code::unavailable, "away"));
  lifecycle_->plugins_changed();
  EXPECT_TRUE(noticed(id));
  EXPECT_TRUE(becomes([&] { return instances_.trail.back() == "halt trial"; }));
  EXPECT_EQ(secret(id, "verify"), "") << "what is not taken over leaves nothing";
  instances_.answers["check"] = std::move(works);
  drop_with_another_secret("1.2.0");
  lifecycle_->plugins_changed();
  EXPECT_TRUE(is_version(id, "1.2.0"));
  EXPECT_GE(secret(id, "verify").size(), 32u);
  EXPECT_EQ(secret(id, "hook"), hook);
}

TEST_P(UpgradeTest, ASecretToBeMadeThatIsMissingIsMadeAtAStart) {  // HOST-4, HOOK-6
  const auto id = running_one();
  const auto hook = secret(id, "hook");
  drop_with_another_secret("1.0.0");
  restart();
  EXPECT_TRUE(becomes([&] { return secret(id, "verify").size() >= 32; }));
  EXPECT_EQ(secret(id, "hook"), hook);
  const auto made = secret(id, "verify");
  EXPECT_TRUE(becomes(id, State::active));
  restart();
  EXPECT_TRUE(becomes([&] { return !instances_.trail.empty(); }));
  EXPECT_EQ(secret(id, "verify"), made);
}

TEST_P(UpgradeTest, AVersionThatFailsItsCheckDoesNotTakeOver) {  // HOST-4
  const auto id = running_one();
  drop("1.1.0", 1);
  instances_.answers["check"] = port::Result(Code::invalid, "the token is refused");
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  EXPECT_EQ(instances_.trail, (Words{"trial", "configure", "check", "halt trial"}));
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(UpgradeTest, AVersionThatIsSomebodyElseAtTheProviderDoesNotTakeOver) {  // CHAT-26
  const auto id = running_one();
  drop("1.1.0", 1);
  instances_.answers["check"] = port::Result(port::Message(R"({"identity": "bot:2"})"));
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  EXPECT_EQ(stored(id).version, "1.0.0");
}

TEST_P(UpgradeTest, WhatWasRefusedStaysRefusedOverAStartUntilItsCheckWorks) {  // HOST-4
  const auto id = running_one();
  drop("1.1.0", 1);
  const auto works = instances_.answers["check"];
  instances_.answers["check"] = port::Result(Code::invalid, "the token is refused");
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  restart();
  ASSERT_TRUE(becomes([&] { return !instances_.trail.empty() && instances_.trail.back() == "halt trial"; }));
  EXPECT_EQ(instances_.trail, (Words{"run", "trial", "configure", "check", "halt trial"}));
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_FALSE(stored(id).notice.empty());
  EXPECT_EQ(stored_state(id), State::active);
  EXPECT_EQ(wait(lifecycle_->deactivate(id, "test")).integration.state, State::inactive);
  instances_.answers["check"] = works;
  wait(lifecycle_->activate(id, false, "test"));
  EXPECT_TRUE(is_version(id, "1.1.0"));
  EXPECT_TRUE(stored(id).notice.empty());
}

TEST_P(UpgradeTest, WhatWasRefusedRunsAtAStartWhenTheVersionBeforeIsNotThereAnyMore) {  // HOST-4
  const auto id = running_one();
  drop("1.1.0", 1);
  instances_.answers["check"] = port::Result(Code::invalid, "the token is refused");
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  fs::remove_all(folder_ / "artefacts/acme/packages");
  catalogue_.scan();
  restart();
  EXPECT_TRUE(becomes([&] { return !instances_.trail.empty(); }));
  EXPECT_EQ(instances_.specs.back().manifest->version, "1.1.0");
}

TEST_P(UpgradeTest, WhenTheNewVersionDoesNotStartTheOldOneRunsAgainAsBefore) {  // HOST-4
  const auto id = running_one();
  const auto before = stored(id).settings;
  drop("2.0.0", 2);
  instances_.refuse_version = "2.0.0";
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  EXPECT_EQ(stored(id).settings, before);
  EXPECT_EQ(stored(id).version, "1.0.0");
  EXPECT_EQ(stored(id).setup_version, 1);
  EXPECT_EQ(instances_.specs.back().manifest->version, "1.0.0");
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(UpgradeTest, GoingBackBringsTheKeptSettingsBack) {  // HOST-4, SETUP-5
  const auto id = running_one();
  const auto before = stored(id).settings;
  drop("2.0.0", 2);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(is_version(id, "2.0.0"));
  choose("1.0.0");
  ASSERT_TRUE(is_version(id, "1.0.0"));
  EXPECT_EQ(stored(id).settings, before);
  EXPECT_EQ(stored(id).setup_version, 1);
  choose("");
  ASSERT_TRUE(is_version(id, "2.0.0"));
  EXPECT_EQ(stored(id).setup_version, 2);
}

TEST_P(UpgradeTest, AHostWithAnOlderPluginTakesNothingBack) {  // OPS-8
  const auto id = running_one();
  store_->write_now([&](store::Session& session) {
    session.exec("update integrations set setup_version = 2 where id = :id", {id});
  });
  const auto settings = stored(id).settings;
  restart();
  EXPECT_TRUE(becomes(id, State::degraded));
  EXPECT_NE(stored(id).reason_text.find("newer version"), std::string::npos);
  EXPECT_EQ(stored(id).settings, settings);
}

TEST_P(UpgradeTest, AStartWithANewerPluginMovesTheSettingsFirst) {  // SETUP-5
  const auto id = running_one();
  stop();
  drop("2.0.0", 2);
  instances_.trail.clear();
  start("https://host.example/app");
  wait(lifecycle_->start());
  ASSERT_TRUE(becomes([&] { return stored(id).setup_version == 2 && instances_.trail.back() == "run"; }));
  EXPECT_EQ(instances_.trail, (Words{"trial", "migrate", "halt trial", "run"}));
}

TEST_P(UpgradeTest, TheVersionThatAStartOrAConnectionBringsIsTheIntegrations) {  // HOST-4, OPS-8
  const auto id = running_one();
  stop();
  drop("1.1.0", 1);
  start("https://host.example/app");
  wait(lifecycle_->start());
  EXPECT_TRUE(becomes([&] { return stored(id).version == "1.1.0"; }));
  EXPECT_EQ(stored_state(id), State::active);
  wait(lifecycle_->deactivate(id, "test"));
  drop("1.2.0", 1);
  EXPECT_EQ(wait(lifecycle_->activate(id, false, "test")).version, "1.2.0");
  EXPECT_EQ(stored(id).version, "1.2.0");
}

TEST_P(UpgradeTest, CheckpointsMoveWithTheSettings) {  // SETUP-5, JOB-2
  const auto id = running_one();
  const auto checkpoint = [&] {
    return store_->read_now(
        [&](store::Session& session) { return jobs::read_checkpoints(session, id); })["count"];
  };
  store_->write_now([&](store::Session& session) {
    session.exec(
        "insert into jobs(id, integration, name, cause, checkpoint) values (1, :id, 'count', 'schedule', "
        "'{\"n\":5}')",
        {id});
  });
  drop("2.0.0", 2);
  instances_.migrated_checkpoint = R"({"value": {"job": "count", "checkpoint": {"at": 5}}})";
  lifecycle_->plugins_changed();
  ASSERT_TRUE(is_version(id, "2.0.0"));
  EXPECT_EQ(checkpoint(), R"({"at":5})");
  choose("1.0.0");
  ASSERT_TRUE(is_version(id, "1.0.0"));
  EXPECT_EQ(checkpoint(), R"({"n":5})");
}

TEST_P(UpgradeTest, ADisabledPluginEndsAndItsRoutesStay) {  // HOST-4, HOOK-1
  const auto id = running_one();
  choose("", true);
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_EQ(instances_.trail.back(), "halt");
  EXPECT_NE(routes_->find("/hooks/acme/" + to_string_id(id) + "/in"), nullptr);
  EXPECT_EQ(failure_of(lifecycle_->activate(create("Two").id, false, "test")), Code::invalid);
  choose("", false);
  ASSERT_TRUE(becomes(id, State::active));
  EXPECT_EQ(instances_.trail.back(), "run");
}

TEST_P(UpgradeTest, InsideTheHostANewVersionWaitsForTheNextStart) {
  const auto id = running_one();
  instances_.inside = true;
  drop("1.1.0", 1);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(noticed(id));
  EXPECT_TRUE(instances_.trail.empty());
}

TEST_P(UpgradeTest, ANewVersionLiftsAQuarantine) {  // HOST-5
  const auto id = running_one();
  lifecycle_->quarantined(id, "it crashed five times");
  ASSERT_TRUE(becomes(id, State::quarantined));
  drop("1.1.0", 1);
  lifecycle_->plugins_changed();
  ASSERT_TRUE(is_version(id, "1.1.0"));
  EXPECT_TRUE(becomes(id, State::active));
}

}  // namespace
}  // namespace patchbay::lifecycle
