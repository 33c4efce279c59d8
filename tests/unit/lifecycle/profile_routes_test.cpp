// Routes that all integrations of a profile share (plugin-needs N1).
#include "lifecycle/profile_routes.hpp"

#include "support.hpp"

namespace patchbay::lifecycle {
namespace {

constexpr const char* kShared = R"({"id": "acme", "version": "1.0.0", "sdk": "0.0", "kinds": ["channel"],
  "title": "Acme", "description": "d", "licence": "MIT", "offers": ["pb.lifecycle/1", "pb.remote/1"],
  "setup": {"schema": "setup.json"}, "secrets": {"token": {"hosts": ["setting:/base"]}},
  "profile": {"schema": "profile.json", "secrets": {"app": {"generate": 32}}},
  "routes": [{"id": "feed", "scope": "profile", "identity": "bot:{body:/entry/0/id}",
              "verify": {"type": "header-equals", "header": "X-Key", "secret": "profile:app"}}]})";
constexpr const char* kProfileSchema = R"({"type": "object", "additionalProperties": false,
  "properties": {"app": {"type": "string", "x-secret": true}}})";

// Another host runs everything, or nothing.
class Shares final : public cluster::Peers {
 public:
  Id me() const override { return 1; }
  const cluster::Owned& owned() const override { return owned_; }
  asio::awaitable<Held> lock(Id) override { co_return Held(); }
  asio::awaitable<void> settle() override { co_return; }
  void leave_all() { owned_.set(cluster::Partitions()); }

 private:
  cluster::Owned owned_;
};

class ProfileRoutesTest : public LifecycleTest {
 protected:
  ProfileRoutesTest() {
    std::ofstream(folder_ / "plugins/acme/plugin.json") << kShared;
    std::ofstream(folder_ / "plugins/acme/profile.json") << kProfileSchema;
    catalogue_.scan();
    store_->write_now([this](store::Session& session) {
      plugin::Profile profile;
      profile.id = 5;
      profile.plugin = "acme";
      profile.name = "App";
      plugin::Profiles().insert(session, profile);
      vault_->put(session, vault::SecretName("profile", 5, "app"), "s3cret");
    });
  }
  ProfileRoutes make() {
    return ProfileRoutes({io_.get_executor(), clock_, *store_, *vault_, catalogue_, *routes_, *lifecycle_,
                          instances_, redactor_, [this](Id profile) { ready_.push_back(profile); },
                          log::Logger::none()});
  }
  port::Result ask(ProfileRoutes& routes, Id profile = 5) {
    port::Call call("pb.webhook/1:process", port::Message("{}"), "", 1s);
    return wait(routes.call(profile, std::move(call)));
  }
  Id asked_with(ProfileRoutes& routes, const std::string& body) {
    port::Call call("pb.webhook/1:process", port::Message(R"({"route": "feed"})", {body}), "", 1s);
    wait(routes.call(5, std::move(call)));
    return instances_.asked;
  }
  Id connected_as(const char* name, const char* identity) {
    const auto answer = json{{"identity", identity}, {"title", name}};
    instances_.answers["check"] = port::Result(port::Message(answer.dump()));
    const auto id = create(name).id;
    wait(lifecycle_->activate(id, false, "test"));
    return id;
  }
  int status(const char* key) {
    const auto route = routes_->find("/hooks/acme/-/5/feed");
    if (!route) return 404;
    if (!route->verifier) return 503;
    hooks::Request request("POST", route->path);
    request.headers = {{"x-key", key}};
    return route->verifier->accepts(request, hooks::Verifier::Context(route->address, clock_.now())) ? 200
                                                                                                     : 401;
  }

  std::vector<Id> ready_;
  Shares shares_;
  cluster::Peers& peers() override { return shares_; }
};
PB_ON_BOTH_DATABASES(ProfileRoutesTest);

TEST_P(ProfileRoutesTest, AcceptWhatTheProfilesSecretWasBeforeUntilItsTimeIsOver) {  // N4
  auto routes = make();
  store_->write_now([&](store::Session& session) {
    const auto soon = clock_.now().time_since_epoch().count() + 500;
    vault_->replace(session, vault::SecretName("profile", 5, "app"), "renewed", soon);
  });
  wait(routes.follow());
  EXPECT_EQ(status("renewed"), 200);
  EXPECT_EQ(status("s3cret"), 200);
  EXPECT_TRUE(becomes([&] { return status("s3cret") == 401; }));
  EXPECT_EQ(status("renewed"), 200);
  wait(routes.stop());
}

TEST_P(ProfileRoutesTest, AreMountedWithTheProfilesSecretsBeforeAnIntegrationExists) {
  auto routes = make();
  EXPECT_EQ(status("s3cret"), 404);
  wait(routes.follow());
  EXPECT_EQ(status("s3cret"), 200);
  EXPECT_EQ(status("guess"), 401);
  store_->write_now([this](store::Session& session) {
    vault_->put(session, vault::SecretName("profile", 5, "app"), "another");
    session.exec("update profiles set updated_at = 1 where id = 5", {});
  });
  wait(routes.follow());
  EXPECT_EQ(status("another"), 200);
  EXPECT_EQ(status("s3cret"), 401);
  store_->write_now([](store::Session& session) { plugin::Profiles().remove(session, 5); });
  wait(routes.follow());
  EXPECT_EQ(status("another"), 404);
}

TEST_P(ProfileRoutesTest, AnswerLaterWhileTheirPluginIsAway) {  // HOOK-6
  const auto away = folder_ / "away";
  fs::rename(folder_ / "plugins/acme", away);
  catalogue_.scan();
  auto routes = make();
  wait(routes.follow());
  EXPECT_EQ(status("s3cret"), 503);
  fs::rename(away, folder_ / "plugins/acme");
  catalogue_.scan();
  wait(routes.follow());
  EXPECT_EQ(status("s3cret"), 200);
}

TEST_P(ProfileRoutesTest, TheirAddressesAreInConfigureAndRegister) {
  const auto id = connected();
  const json wanted = {{"feed", "https://host.example/app/hooks/acme/-/5/feed"}};
  EXPECT_EQ(json::parse(instances_.specs.back().configure).at("routes"), wanted);
  EXPECT_EQ(json::parse(instances_.requests.at("register")).at("routes"), wanted);
  EXPECT_FALSE(routes_->find("/hooks/acme/" + to_string_id(id) + "/feed"));
  auto routes = make();
  wait(routes.came_up(id));
  EXPECT_EQ(ready_, std::vector<Id>{5});
}

TEST_P(ProfileRoutesTest, AnyConnectedIntegrationOfTheProfileIsAsked) {
  auto routes = make();
  EXPECT_EQ(ask(routes).code, Code::unavailable);
  EXPECT_EQ(ask(routes, 6).code, Code::not_found);
  const auto id = connected();
  EXPECT_EQ(ask(routes).code, Code::ok);
  instances_.answers["process"] = port::Result(Code::invalid, "broken");
  EXPECT_EQ(ask(routes).code, Code::invalid) << "what a plugin says of a request holds for all";
  wait(lifecycle_->deactivate(id, "test"));
  EXPECT_EQ(ask(routes).code, Code::unavailable);
}

// FB-3: only a page's own integration may ask for names.
TEST_P(ProfileRoutesTest, TheIntegrationThatTheBodyNamesIsAskedFirst) {
  auto routes = make();
  const auto one = connected_as("One", "bot:1");
  const auto two = connected_as("Two", "bot:2");
  EXPECT_EQ(asked_with(routes, R"({"entry": [{"id": "2"}]})"), two);
  EXPECT_EQ(asked_with(routes, R"({"entry": [{"id": 2}]})"), two);
  for (const char* nobody : {R"({"entry": [{"id": "7"}]})", R"({"entry": []})", "[]", "no JSON", ""})
    EXPECT_EQ(asked_with(routes, nobody), one) << nobody;
  wait(lifecycle_->deactivate(two, "test"));
  EXPECT_EQ(asked_with(routes, R"({"entry": [{"id": "2"}]})"), one);
}

TEST_P(ProfileRoutesTest, AnIntegrationOfAnotherHostIsLentUntilItChanges) {  // N1, OPS-8
  restart();                                                                 // with what is shared
  const auto id = connected();
  shares_.leave_all();
  wait(lifecycle_->leave(cluster::Partitions().set()));
  instances_.trail.clear();
  auto routes = make();
  using Trail = std::vector<std::string>;
  EXPECT_EQ(ask(routes).code, Code::ok);
  EXPECT_EQ(ask(routes).code, Code::ok);
  EXPECT_EQ(instances_.trail, (Trail{"configure", "process", "process"})) << "configured once, never started";

  // Somebody has ended it: it is lent anew.
  instances_.trail.clear();
  instances_.answers["process"] = port::Result(Code::unavailable, "gone");
  EXPECT_EQ(ask(routes).code, Code::unavailable);
  EXPECT_EQ(instances_.trail, (Trail{"process", "halt"}));
  instances_.answers.erase("process");
  EXPECT_EQ(ask(routes).code, Code::ok);

  instances_.trail.clear();
  store_->write_now([&](store::Session& session) { plugin::Integrations().touch(session, id, 2); });
  wait(lifecycle_->follow_others());
  EXPECT_TRUE(becomes([&] { return instances_.trail == Trail{"halt"}; })) << "its host has changed it";
}

}  // namespace
}  // namespace patchbay::lifecycle
