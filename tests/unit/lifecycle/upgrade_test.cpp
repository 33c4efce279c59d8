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
  EXPECT_EQ(instances_.trail, (Words{"trial", "migrate", "configure", "check", "run", "halt trial"}));
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
  EXPECT_EQ(failure_of(lifecycle_->activate(create("Two").id, false, "en")), Code::invalid);
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
