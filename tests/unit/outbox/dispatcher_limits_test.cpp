// How fast and how many at once (OUT-2, plugin-needs N16).
#include "unit/outbox/dispatcher_fixture.hpp"

namespace patchbay::outbox {
namespace {

class DispatcherLimitsTest : public DispatcherTest {};
PB_ON_BOTH_DATABASES(DispatcherLimitsTest);

// OUT-2, TG-4
TEST_P(DispatcherLimitsTest, a_limit_of_one_conversation_slows_no_other) {
  caller.answers["slow"] = results({failing(Code::rate_limited, R"({"scope": "conversation"})", 30s)});
  EXPECT_TRUE(is_put_off(put("slow", "a")));
  put("after slow", "a");
  put("other", "b");
  EXPECT_TRUE(run([&] { return asked(2); }));
  clock.advance(29s);
  put("more", "b");
  EXPECT_TRUE(run([&] { return asked(3); }));
  EXPECT_TRUE(eventually([&] { return asked(5); }));
  EXPECT_EQ(caller.all(), "send:slow send:other send:more send:slow send:after slow ");
}

// OUT-2
TEST_P(DispatcherLimitsTest, a_limit_of_one_integration_slows_no_other) {
  caller.answers["slow"] = results({failing(Code::rate_limited, R"({"scope": "integration"})", 30s)});
  EXPECT_TRUE(is_put_off(put("slow", "a")));
  put("waits", "b");
  dispatcher->wake(kBot);  // being back does not end what the provider asked for
  put("free", "c", kOther);
  EXPECT_TRUE(run([&] { return asked(2); }));
  EXPECT_TRUE(eventually([&] { return asked(4); }));
  EXPECT_EQ(caller.asked[1], "send:free");
}

// OUT-2
TEST_P(DispatcherLimitsTest, a_limit_of_an_integration_outlives_the_host) {
  caller.answers["slow"] = results({failing(Code::rate_limited, R"({"scope": "integration"})", 30s)});
  EXPECT_TRUE(is_put_off(put("slow", "a")));
  end();
  begin();
  put("waits", "b");
  put("free", "c", kOther);
  EXPECT_FALSE(pass(25s, [&] { return asked(3); }));
  EXPECT_EQ(caller.all(), "send:slow send:free ");
  EXPECT_TRUE(eventually([&] { return asked(4); }));
}

// OUT-2, JOB-3
TEST_P(DispatcherLimitsTest, a_limit_that_a_job_met_holds_messages_too) {
  store->write_now([&](store::Session& session) {
    const auto now = clock.now().time_since_epoch().count();
    plugin::pause(session, kBot, "integration", now + 30'000, now);
  });
  put("waits", "a");
  EXPECT_FALSE(pass(25s, [&] { return asked(1); }));
  EXPECT_TRUE(eventually([&] { return asked(1); }));
}

// OUT-2, N16
TEST_P(DispatcherLimitsTest, a_limit_of_a_grant_slows_all_that_share_it) {
  channels.grant = 70;
  channels.profile = 71;
  for (const auto* scope : {R"({"scope": "grant"})", R"({"scope": "profile"})"}) {
    caller.asked.clear();
    caller.answers["slow"] = results({failing(Code::rate_limited, scope, 30s)});
    EXPECT_TRUE(is_put_off(put("slow", "a")));
    put("shares it", "c", kOther);
    EXPECT_FALSE(pass(20s, [&] { return asked(2); })) << scope;
    EXPECT_TRUE(eventually([&] { return asked(3); })) << scope;
  }
}

// OUT-2, N16
TEST_P(DispatcherLimitsTest, a_declared_rate_of_a_profile_is_that_of_all_together) {
  channels.profile = 71;
  channels.manifest = R"({"rates": [{"scope": "profile", "rate": 1, "per_ms": 60000, "burst": 2}]})";
  put("one", "a");
  put("two", "b", kOther);
  EXPECT_TRUE(run([&] { return asked(2); }));
  put("three", "c");
  EXPECT_FALSE(pass(50s, [&] { return asked(3); }));
  EXPECT_TRUE(eventually([&] { return asked(3); }));
}

// OUT-2: two hosts together send as fast as one may, not twice as fast.
TEST_P(DispatcherLimitsTest, of_a_rate_of_a_profile_each_host_takes_its_part) {
  channels.profile = 71;
  channels.manifest = R"({"rates": [{"scope": "profile", "rate": 1, "per_ms": 10000, "burst": 2}]})";
  cluster::Partitions half;
  for (std::size_t i = 0; i < cluster::kPartitions / 2; ++i) half.set(i);
  owned.set(half);
  put("one", "a");
  EXPECT_TRUE(run([&] { return asked(1); }));
  put("two", "b", kOther);
  EXPECT_FALSE(pass(15s, [&] { return asked(2); })) << "half the burst, half the rate";
  EXPECT_TRUE(eventually([&] { return asked(2); }));
}

// N16
TEST_P(DispatcherLimitsTest, so_many_at_once_of_all_that_share_a_grant_or_a_profile) {
  channels.grant = 70;
  channels.profile = 71;
  for (const char* scope : {"grant", "profile"}) {
    caller.asked.clear();
    caller.most = 0;
    channels.manifest = R"({"concurrency": [{"scope": ")" + std::string(scope) + R"(", "max": 2}]})";
    end();  // what was known of the channels is asked again
    begin();
    caller.hold = 10s;
    for (const auto* lane : {"a", "b", "c"}) {
      put(lane, lane);
      put(lane, lane, kOther);
    }
    EXPECT_TRUE(run([&] { return asked(2); })) << scope;
    EXPECT_FALSE(pass(8s, [&] { return asked(3); })) << scope;
    EXPECT_TRUE(eventually([&] { return asked(6); })) << scope;
    EXPECT_TRUE(eventually([&] { return caller.running == 0; })) << scope;
    EXPECT_EQ(caller.most, 2) << scope;
  }
}

// N16: two hosts together have as many on their way as one may, not twice as many.
TEST_P(DispatcherLimitsTest, of_so_many_at_once_of_a_profile_each_host_takes_its_part) {
  channels.profile = 71;
  cluster::Partitions half;
  for (std::size_t i = 0; i < cluster::kPartitions / 2; ++i) half.set(i);
  for (const auto& [max, part] : {std::pair(5, 2), std::pair(1, 1)}) {
    caller.asked.clear();
    caller.most = 0;
    channels.manifest = R"({"concurrency": [{"scope": "profile", "max": )" + std::to_string(max) + "}]}";
    end();  // what was known of the channels is asked again
    begin();
    owned.set(half);
    caller.hold = 10s;
    for (const auto* lane : {"a", "b"}) {
      put(lane, lane);
      put(lane, lane, kOther);
    }
    EXPECT_TRUE(eventually([&] { return asked(4); })) << max;
    EXPECT_TRUE(eventually([&] { return caller.running == 0; })) << max;
    EXPECT_EQ(caller.most, part) << max;
  }
}

// N16
TEST_P(DispatcherLimitsTest, so_many_at_once_of_an_integration) {
  channels.manifest = R"({"concurrency": [{"scope": "integration", "max": 1}]})";
  caller.hold = 1s;
  for (const auto* lane : {"a", "b", "c"}) put(lane, lane);
  EXPECT_TRUE(eventually([&] { return asked(3); }));
  EXPECT_TRUE(eventually([&] { return caller.running == 0; }));
  EXPECT_EQ(caller.most, 1);
}

// OUT-2
TEST_P(DispatcherLimitsTest, declared_rates_are_kept) {
  channels.manifest = R"({"rates": [{"scope": "conversation", "rate": 1, "per_ms": 1000, "burst": 2}]})";
  for (int i = 0; i < 4; ++i) put("a", "a");
  put("b", "b");
  EXPECT_TRUE(run([&] { return asked(3); }));
  EXPECT_FALSE(pass(800ms, [&] { return asked(4); }));
  EXPECT_TRUE(eventually([&] { return asked(4); }));
  EXPECT_TRUE(eventually([&] { return asked(5); }));
}

// OUT-2
TEST_P(DispatcherLimitsTest, a_rate_for_groups_leaves_other_conversations_alone) {
  channels.manifest =
      R"({"rates": [{"scope": "conversation", "kind": "group", "rate": 1, "per_ms": 60000, "burst": 1}]})";
  for (const std::string kind : {"group", "private"}) {
    for (int i = 0; i < 3; ++i) put(kind, kind, kBot, 0, 1, kind);
  }
  EXPECT_TRUE(run([&] { return asked(4); }));
  EXPECT_FALSE(pass(2s, [&] { return asked(5); }));
  EXPECT_EQ(std::count(caller.asked.begin(), caller.asked.end(), "send:group"), 1);
}

}  // namespace
}  // namespace patchbay::outbox
