#include <thread>

#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

Task<SendReply> never(Probe& self, Json) {
  Json request = {{"url", "https://api.example"}};
  co_await self.services().http(std::move(request));
  co_return sent("");
}

TEST(Stop, EveryOpenCallIsAnsweredOnce) {
  FakeHost host(probe(never));
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(host.deliver(kSend, Json::object()));
  host.run();
  host.stop();
  for (const std::uint64_t id : ids) {
    ASSERT_TRUE(host.answer(id));
    EXPECT_EQ(host.answer(id)->code, PB_CANCELLED);
  }
  EXPECT_TRUE(Probe::stopped);
  EXPECT_TRUE(host.violations.empty());
}

Task<SendReply> sleep_again_and_again(Probe& self, Json) {
  for (int i = 0; i < 3; ++i) {
    try {
      co_await self.services().sleep(1000);
    } catch (const Error&) {
    }
  }
  co_return sent("ended");
}

TEST(Stop, ACallThatWaitsAgainStillEnds) {
  FakeHost host(probe(sleep_again_and_again));
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.stop();
  EXPECT_TRUE(host.answer(id));
}

TEST(Stop, DestroyIsLegalRightAfterCreate) {
  const pb_entry* library = probe(never);
  pb_host table = {};
  table.struct_size = sizeof table;
  table.call = [](void*, const pb_call*, pb_reply_fn, void*, std::uint64_t*) -> pb_code {
    return PB_INTERNAL;
  };
  table.finish = [](void*, std::uint64_t, const pb_result*) {};
  pb_plugin* plugin = library->create(&table, "probe");
  ASSERT_NE(plugin, nullptr);
  plugin->destroy(plugin->self);
}

TEST(Create, DoesNotCallTheHost) {
  FakeHost host(probe(never));
  EXPECT_TRUE(host.violations.empty());
}

TEST(Create, RefusesAHostWithoutTheFunctionsThatEveryPluginNeeds) {
  pb_host table = {};
  table.struct_size = offsetof(pb_host, call);
  EXPECT_EQ(probe(never)->create(&table, "probe"), nullptr);
}

class Choosy : public Plugin {
 public:
  using Plugin::Plugin;
  static About describe() { return About("choosy", "1.0.0"); }
  Task<void> configure(Configuration next) override {
    seen = settings().value("name", "none") + ">" + next.settings.value("name", "none");
    if (next.settings.value("name", "") == "bad")
      throw Error(PB_INVALID, "No").with(Diagnostic("/name", "The name is bad"));
    co_return;
  }
  Task<CheckReply> check() override {
    const std::string name = settings().at("name");
    co_return CheckReply(name, seen);
  }
  std::string seen;
};

TEST(Configure, RefusedSettingsLeaveTheOldOnes) {
  FakeHost host(entry<Choosy>());
  host.start(Json{{"name", "first"}});
  const Result refused = host.call("pb.lifecycle/1:configure", Json{{"settings", {{"name", "bad"}}}});
  EXPECT_EQ(refused.code, PB_INVALID);
  EXPECT_EQ(refused.json["diagnostics"][0]["path"], "/name");
  const Result check = host.call("pb.lifecycle/1:check", Json::object());
  EXPECT_EQ(check.json["identity"], "first");
  EXPECT_EQ(check.json["title"], "first>bad");
}

class Threaded : public Plugin {
 public:
  using Plugin::Plugin;
  static About describe() { return About("threaded", "1.0.0"); }
  static inline std::vector<std::thread::id> turns_on;
  Task<void> start() override {
    thread_ = std::thread(
        [this] { posted_ = host().post([] { turns_on.push_back(std::this_thread::get_id()); }); });
    co_return;
  }
  Task<void> stop() override {
    thread_.join();
    host().log(PB_INFO, posted_ ? "posted" : "refused");
    co_return;
  }

 private:
  std::thread thread_;
  bool posted_ = false;
};

TEST(Threads, ComeBackToTheStrandByPost) {
  FakeHost host(entry<Threaded>());
  host.start();
  host.stop();
  EXPECT_EQ(host.logs.back().text, "posted");
  EXPECT_EQ(Threaded::turns_on, std::vector{std::this_thread::get_id()});
}

}  // namespace
}  // namespace patchbay::sdk_test
