#include "support.hpp"

#include "oauth/grants.hpp"

namespace patchbay::lifecycle {
namespace {

// A plugin whose integrations share an app and what people allowed.
class SetupTest : public LifecycleTest {
 protected:
  SetupTest() {
    drop("1.0.0");
    store_->write_now([&](store::Session& session) {
      plugin::Profile profile;
      profile.id = 70;
      profile.plugin = "acme";
      profile.name = "App";
      profile.settings = R"({"api": "https://api.example"})";
      plugin::Profiles().insert(session, profile);
      vault_->put(session, vault::SecretName("profile", 70, "app_secret"), "of the app");
      oauth::Grant grant;
      grant.id = 80;
      grant.plugin = "acme";
      grant.name = "account";
      grant.profile = 70;
      grant.title = "alice";
      oauth::Grants(*vault_).put(session, grant, oauth::TokenPair{"access", "refresh"});
    });
  }

  void drop(const std::string& version) {
    auto manifest = json::parse(kManifest);
    manifest["version"] = version;
    manifest["offers"].push_back("pb.setup/1");
    manifest["setup"]["steps"] = true;
    manifest["profile"] = {{"schema", "profile.json"},
                           {"secrets", {{"app_secret", {{"hosts", {"profile:/api"}}}}}}};
    manifest["grants"]["account"] = {{"authorize", "{profile:/api}/auth"},
                                     {"token", "{profile:/api}/token"},
                                     {"client_id", "us"},
                                     {"hosts", {"profile:/api"}}};
    manifest["secrets"]["page"] = {{"hosts", {"profile:/api"}}};
    manifest["routes"][0]["verify"]["secret"] = "profile:app_secret";
    auto setup = json::parse(kSetup);
    setup["properties"]["page"] = {{"type", "string"}, {"x-secret", true}};
    std::ofstream(folder_ / "plugins/acme/plugin.json") << manifest.dump();
    std::ofstream(folder_ / "plugins/acme/setup.json") << setup.dump();
    std::ofstream(folder_ / "plugins/acme/profile.json")
        << R"({"type": "object", "properties": {"api": {"type": "string"}, "app_secret": {"type": "string", "x-secret": true}}})";
    std::ofstream(folder_ / "plugins/acme/acme.so") << "code of " << version;
    catalogue_.scan();
  }
  Integration draft(const char* settings = "{}") {
    NewIntegration wanted;
    wanted.plugin = "acme";
    wanted.settings = settings;
    wanted.draft = true;
    wanted.grants = {{"account", 80}};
    return wait(lifecycle_->create(std::move(wanted)));
  }
  void answer(const char* verb, const json& value) {
    instances_.answers[verb] = port::Result(port::Message(value.dump()));
  }
};
PB_ON_BOTH_DATABASES(SetupTest);

TEST_P(SetupTest, ADraftTakesTheOnlyProfileAndMayLackTheRest) {  // N1, N13
  const auto made = draft();
  EXPECT_EQ(made.state, State::draft);
  EXPECT_EQ(made.profile, Id{70});
  EXPECT_EQ(failure_of(lifecycle_->finish(made.id)), Code::invalid);
  EXPECT_EQ(stored_state(made.id), State::draft);
  wait(change(made.id, R"({"token": "secret-token"})"));
  EXPECT_EQ(wait(lifecycle_->finish(made.id)).state, State::inactive);
  EXPECT_TRUE(instances_.trail.empty());
}

TEST_P(SetupTest, WhatIsSharedReachesPluginServicesAndTrials) {
  const auto id = draft(kWebhook).id;
  wait(lifecycle_->activate(id, false, "test"));
  const auto configured = json::parse(instances_.specs.back().configure);
  EXPECT_EQ(configured.at("profile").at("settings").at("api"), "https://api.example");
  EXPECT_EQ(configured.at("grants").at(0).at("title"), "alice");
  EXPECT_EQ(instances_.specs.back().profile, Id{70});
  EXPECT_EQ(instances_.specs.back().grants.at("account"), std::vector<Id>{80});
  drop("1.1.0");
  lifecycle_->plugins_changed();
  ASSERT_TRUE(becomes([&] { return stored(id).version == "1.1.0"; }));
  for (const auto& spec : instances_.specs) EXPECT_EQ(spec.grants.size(), 1u) << spec.trial;
}

TEST_P(SetupTest, RoutesCheckWithTheSecretOfTheProfile) {  // N4
  const auto id = draft(kWebhook).id;
  wait(lifecycle_->activate(id, false, "test"));
  const auto route = routes_->find("/hooks/acme/" + to_string_id(id) + "/in");
  ASSERT_TRUE(route && route->verifier);
  const auto asked = [&](const char* key) {
    hooks::Request request("POST", "/", "");
    request.headers.emplace_back("x-key", key);
    return route->verifier->accepts(request, hooks::Verifier::Context("", clock_.now()));
  };
  EXPECT_TRUE(asked("of the app"));
  EXPECT_FALSE(asked("other"));
}

TEST_P(SetupTest, AnotherProfileGetsNoSecretOfTheOldOne) {  // ACC-4
  const auto id = draft(R"({"token": "secret-token", "page": "found secret"})").id;
  store_->write_now([&](store::Session& session) {
    plugin::Profile other;
    other.id = 71;
    other.plugin = "acme";
    other.name = "Mine";
    other.settings = R"({"api": "https://evil.example"})";
    plugin::Profiles().insert(session, other);
  });
  const auto move = [&](const char* settings) {
    Change change;
    change.profile = 71;
    change.grants = std::vector<plugin::UsedGrant>();
    if (settings != nullptr) change.settings = settings;
    return lifecycle_->change(id, std::move(change), "test");
  };
  EXPECT_EQ(failure_of(move(nullptr)), Code::invalid);
  EXPECT_EQ(stored(id).profile, Id{70});
  EXPECT_EQ(wait(move(R"({"page": "given anew"})")).profile, Id{71});
}

TEST_P(SetupTest, StepsAreKeptUntilAllIsKnown) {  // SETUP-3
  const auto id = draft().id;
  answer("step", {{"next", {{"id", "one"}, {"title", "One"}, {"schema", json::parse(kSetup)}}},
                  {"state", {{"v", 1}}}});
  EXPECT_EQ(wait(lifecycle_->step(id, "en", "test")).next->id, "one");
  restart();
  EXPECT_EQ(wait(lifecycle_->step(id, "en", "test")).next->id, "one");
  const auto advance = [&](const char* step, const char* input) {
    return lifecycle_->advance(id, step, input, "en", "test");
  };
  EXPECT_THROW(wait(advance("other", "{}")), Error) << "somebody else has gone on";
  EXPECT_THROW(wait(advance("one", R"({"tokn": "x"})")), Error);
  answer("step", {{"done",
                   {{{"name", "A"}, {"identity", "a"}, {"settings", json::object()}},
                    {{"name", "B"},
                     {"identity", "b"},
                     {"settings", {{"mode", "polling"}}},
                     {"secrets", {{"page", "p"}}}}}}});
  const auto done = wait(advance("one", R"({"token": "secret-token"})"));
  ASSERT_EQ(done.made.size(), 2u);
  EXPECT_EQ(done.made[0].id, id);
  EXPECT_EQ(json::parse(instances_.requests["step"]).at("state"), json::parse(R"({"v": 1})"));
  EXPECT_EQ(instances_.requests["step"].find("secret-token"), std::string::npos) << "it is in the vault";
  for (const auto& made : done.made) {
    EXPECT_EQ(stored_state(made.id), State::inactive);
    EXPECT_EQ(secret(made.id, "token"), "secret-token");
    EXPECT_EQ(stored(made.id).profile, Id{70});
  }
  EXPECT_EQ(secret(done.made[1].id, "page"), "p");
}

TEST_P(SetupTest, ADoneThatDoesNotFitMakesNothing) {
  const auto id = draft().id;
  answer("step", {{"next", {{"id", "one"}, {"title", "One"}}}});
  wait(lifecycle_->step(id, "en", "test"));
  answer("step", {{"done", {{{"name", "A"}, {"settings", {{"unknown", 1}}}}}}});
  EXPECT_THROW(wait(lifecycle_->advance(id, "", "{}", "en", "test")), Error);
  EXPECT_EQ(stored_state(id), State::draft);
  EXPECT_EQ(wait(lifecycle_->step(id, "en", "test")).next->id, "one");
}

TEST_P(SetupTest, OnlyDraftsThatNobodyTouchesGo) {
  const auto id = draft(kWebhook).id;
  const auto touched = stored(id).updated_at;
  EXPECT_THROW(wait(lifecycle_->remove(id, "test", touched)), Error);
  wait(lifecycle_->remove(id, "test", touched + 1));
  const auto kept = draft(kWebhook).id;
  wait(lifecycle_->finish(kept));
  EXPECT_THROW(wait(lifecycle_->remove(kept, "test")), Error);
}

}  // namespace
}  // namespace patchbay::lifecycle
