// Requests that came to a route of a profile: whom their events concern (plugin-needs N1, N13).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "fakes.hpp"
#include "hooks/dispatcher.hpp"
#include "hooks/events.hpp"
#include "hooks/inbox.hpp"
#include "hooks/ingress.hpp"
#include "plugin/integrations.hpp"
#include "plugin/profiles.hpp"
#include "support/databases.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Id kProfile = 5;

class ProfileRowsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  ProfileRowsTest() {
    store->write_now([](store::Session& session) {
      for (const Id id : {kProfile, Id{6}}) {
        plugin::Profile profile;
        profile.id = id;
        profile.plugin = "echo";
        profile.name = to_string_id(id);
        plugin::Profiles().insert(session, profile);
      }
    });
    add(11, kProfile, "page:1");
    add(12, kProfile, "page:2");
    add(13, 6, "page:3");
    // The body names what becomes of it: "page key text page key text ...".
    profiles.answer([](Id, const std::string& body) {
      std::istringstream in(body);
      auto events = json::array();
      for (std::string page, key, text; in >> page >> key >> text;) {
        json event = {{"type", "test.seen"}, {"dedupe_key", key}, {"data", {{"body", text}}}};
        if (page != "-") event["identity"] = "page:" + page;
        events.push_back(std::move(event));
      }
      return port::Result(port::Message(json{{"events", events}}.dump()));
    });
    parts.profiles = &profiles;
    dispatcher = std::make_unique<Dispatcher>(parts, loop.io.get_executor(), log::Logger::none());
    committer.on_stored([this](std::vector<InboxRow> rows) { dispatcher->accepted(std::move(rows)); });
    dispatcher->start();
  }
  ~ProfileRowsTest() override {
    committer.stop();
    loop.run(dispatcher->stop());
  }

  void add(Id id, Id profile, const std::string& identity) {
    store->write_now([&](store::Session& session) {
      plugin::Integration integration;
      integration.id = id;
      integration.plugin = "echo";
      integration.name = identity;
      integration.profile = profile;
      integration.identity = identity;
      integration.state = plugin::State::active;
      plugin::Integrations().insert(session, integration);
      ASSERT_TRUE(plugin::Integrations().claim(session, integration));
    });
  }
  void put(std::string body, std::string lane = "") {
    auto row = make_row(kProfile, std::move(lane), {}, std::move(body));
    row.of_profile = true;
    ASSERT_EQ(loop.run(committer.put(std::move(row))), Stored::stored);
  }
  void wait_for(const std::string& from_where, std::int64_t wanted) {
    for (int i = 0; i < 2000 && count(*store, from_where) != wanted; ++i) {
      clock.advance(250ms);
      std::this_thread::sleep_for(2ms);
    }
    ASSERT_EQ(count(*store, from_where), wanted) << from_where;
  }
  InboxEntry only_entry() { return loop.run(inbox.list(Inbox::Filter())).at(0); }

  Loop loop;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{kStart};
  IdMint mint{clock};
  FakeCaller caller;
  FakeCaller profiles;
  FakeSink sink{*store};
  Counters counters;
  InboxCommitter committer{*store, mint, loop.io.get_executor(), counters, log::Logger::none()};
  EffectCommitter effects{EffectCommitter::Parts(*store, sink, mint, clock), loop.io.get_executor(), counters,
                          log::Logger::none()};
  Inbox inbox{*store, clock, [this] { dispatcher->wake(); }};
  Dispatcher::Parts parts{*store, clock, caller, effects, counters};
  std::unique_ptr<Dispatcher> dispatcher;
};
PB_ON_BOTH_DATABASES(ProfileRowsTest);

TEST_P(ProfileRowsTest, EventsOfOneRequestGoToSeveralIntegrations) {
  put("1 a one 2 a two");
  wait_for("inbox where state = 'done'", 1);
  EXPECT_EQ(count(*store, "effects where integration = 11 and body = 'one'"), 1);
  EXPECT_EQ(count(*store, "effects where integration = 12 and body = 'two'"), 1);
  EXPECT_THAT(caller.asked(), IsEmpty()) << "it is the profile that is asked";
  EXPECT_TRUE(only_entry().row.of_profile);
}

TEST_P(ProfileRowsTest, WhomNobodyKnowsIsKeptCountedAndReplayed) {
  put("1 a one 4 b four 3 c of-another-profile");
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_THAT(sink.effects(), ElementsAre("one"));
  const auto dead = only_entry();
  EXPECT_THAT(dead.reason, HasSubstr("page:"));
  EXPECT_EQ(json::parse(dead.effect).size(), 1u);
  EXPECT_TRUE(comes_to(counters.unknown_identity, 2));
  EXPECT_TRUE(comes_to(counters.dead, 1));

  add(14, kProfile, "page:4");
  EXPECT_TRUE(loop.run(inbox.replay(dead.row.id)));
  wait_for("effects where integration = 14 and body = 'four'", 1);
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_THAT(sink.effects(), ElementsAre("one", "four")) << "once is once, and the third is nobody's still";
}

TEST_P(ProfileRowsTest, AnEventWithoutIdentityIsAFaultOfThePlugin) {
  put("1 a one - b two");
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_THAT(only_entry().reason, HasSubstr("identity"));
  EXPECT_THAT(sink.effects(), IsEmpty());
}

TEST_P(ProfileRowsTest, TheyWaitInOrderUntilAnIntegrationOfTheProfileRuns) {
  std::atomic<bool> runs{false};
  profiles.answer([&runs](Id profile, const std::string& body) {
    EXPECT_EQ(profile, kProfile);
    if (!runs) return port::Result(Code::unavailable, "none");
    const json event = {
        {"type", "test.seen"}, {"dedupe_key", body}, {"data", {{"body", body}}}, {"identity", "page:1"}};
    return port::Result(port::Message(json{{"events", {event}}}.dump()));
  });
  put("1", "lane");
  put("2", "lane");
  put("3", "lane");
  for (int i = 0; i < 50; ++i) {
    clock.advance(10s);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(count(*store, "inbox where state = 'new'"), 3) << "an absence makes no dead letter";
  runs = true;
  dispatcher->ready(kProfile);
  wait_for("inbox where state = 'done'", 3);
  EXPECT_THAT(sink.effects(), ElementsAre("1", "2", "3"));
}

TEST_P(ProfileRowsTest, OneThatIsDisconnectedIsNotReached) {
  store->write_now([](store::Session& session) { plugin::Integrations().release(session, 11); });
  put("1 a one");
  wait_for("inbox where state = 'dead'", 1);
  EXPECT_THAT(sink.effects(), IsEmpty());
}

TEST(ProfileRoute, IsMountedBesideThoseOfIntegrations) {  // N1
  RouteTable table("https://bay.example/in");
  auto mount = echo_mount(kProfile);
  mount.of_profile = true;
  table.mount(std::move(mount));
  const auto route = table.find("/hooks/echo/-/5/update");
  ASSERT_TRUE(route);
  EXPECT_TRUE(route->of_profile);
  EXPECT_EQ(route->address, "https://bay.example/in/hooks/echo/-/5/update");
  EXPECT_EQ(route->address, table.profile_address("echo", kProfile, "update"));
  EXPECT_FALSE(table.find("/hooks/echo/5/update"));
  table.close(kProfile, "echo", true);
  EXPECT_FALSE(table.find("/hooks/echo/-/5/any")->verifier);
  table.unmount(kProfile);
  EXPECT_FALSE(table.find("/hooks/echo/-/5/update"));
}

TEST(ProfileRoute, IdentitiesOfEventsSurviveBeingWritten) {
  const auto events = parse_events(
      R"({"events":[{"type":"t","dedupe_key":"k","identity":"page:1"},{"type":"t","dedupe_key":"l"}]})");
  const auto again = parse_events(events_text(events));
  EXPECT_EQ(again[0].identity, "page:1");
  EXPECT_EQ(again[1].identity, "");
  EXPECT_THROW(parse_events(R"({"events":[{"type":"t","dedupe_key":"k","identity":1}]})"), Error);
}

}  // namespace
}  // namespace patchbay::hooks
