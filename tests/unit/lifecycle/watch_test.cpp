#include "lifecycle/impl/listening.hpp"
#include "support.hpp"

#include "base/rfc3339.hpp"

namespace patchbay::lifecycle {
namespace {

// The same with time that passes when the test says so.
class WatchTest : public LifecycleTest {
 protected:
  WatchTest() {
    stop();
    routes_ = std::make_unique<hooks::RouteTable>("https://host.example");
    jobs_ = std::make_unique<jobs::Scheduler>(jobs::Scheduler::Parts{
        io_.get_executor(), clock_, ids_, *store_, instances_, metrics_, log::Logger::none()});
    lifecycle_ = std::make_unique<Lifecycle>(Lifecycle::Parts{
        io_.get_executor(), manual_, ids_, *store_, *vault_, catalogue_, *routes_, instances_, instances_,
        *jobs_, alone_, redactor_, log::Logger::none(), "https://host.example", "0.1.0"});
  }
  ~WatchTest() override { stop(); }  // the clock must outlive who sleeps by it
  void answer(const char* status) { instances_.answers["status"] = port::Result(port::Message(status)); }
  // Lets five minutes pass.
  void pass() {
    for (int i = 0; i < 62; ++i) {
      manual_.advance(5s);
      wait(clock_.sleep(1ms));
    }
  }
  std::ptrdiff_t asked(const char* verb = "status") const {
    return std::count(instances_.trail.begin(), instances_.trail.end(), verb);
  }

  ManualClock manual_{clock_.now()};
};
PB_ON_BOTH_DATABASES(WatchTest);

TEST_P(WatchTest, IsAskedWithinAMinuteAndThenEveryFiveMinutes) {  // HOOK-7
  answer(R"({"status": "ours"})");
  connected();
  pass();
  EXPECT_GE(asked(), 1);
  const auto before = asked();
  pass();
  pass();
  EXPECT_GE(asked(), before + 2);
  EXPECT_LE(asked(), before + 3);
}

TEST_P(WatchTest, ForeignDeliveryIsAnAlarmThatNamesTheAddressAndTakesNothingBack) {  // HOOK-7, bar 11
  answer(R"({"status": "foreign", "address": "https://other.example/hook"})");
  const auto id = connected();
  pass();
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_NE(stored(id).reason_text.find("https://other.example/hook"), std::string::npos);
  EXPECT_EQ(stored(id).reason_code, "conflict");
  EXPECT_EQ(asked("register"), 1);  // when it was connected
  answer(R"({"status": "ours"})");
  pass();
  EXPECT_TRUE(becomes(id, State::active));
}

TEST_P(WatchTest, ALostRegistrationIsMadeAgain) {  // plugin-needs N2
  answer(R"({"status": "none"})");
  const auto id = connected();
  pass();
  EXPECT_TRUE(becomes([&] { return asked("register") >= 2; }));
  EXPECT_EQ(json::parse(instances_.requests["register"]).at("take_over"), false);
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(WatchTest, AProblemOfTheProviderWithUsIsShown) {  // bar 11
  answer(R"({"status": "ours", "problem": "Connection refused"})");
  const auto id = connected();
  pass();
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_EQ(stored(id).reason_text, "Connection refused");
}

TEST_P(WatchTest, WhatThePluginSaysOfItsHealthIsShownUntilItIsWell) {  // HOST-8
  instances_.answers["status"] = port::Result(Code::unsupported, "");
  instances_.answers["health"] =
      port::Result(port::Message(R"({"status": "degraded", "reason": "No answer since 09:30"})"));
  const auto id = connected();
  pass();
  ASSERT_TRUE(becomes(id, State::degraded));
  EXPECT_EQ(stored(id).reason_text, "No answer since 09:30");
  EXPECT_GE(asked("health"), 4);
  EXPECT_LE(asked("health"), 6);
  instances_.answers["health"] = port::Result(port::Message(R"({"status": "degraded"})"));
  pass();
  EXPECT_TRUE(becomes([&] {
    const auto why = Text::from_kept(stored(id).reason_text);
    return why.english().starts_with("The plugin says") && why.in("ru") != why.english();
  }));
  instances_.answers["health"] = port::Result(port::Message(R"({"status": "ok"})"));
  pass();
  EXPECT_TRUE(becomes(id, State::active));
  const auto before = asked("health");
  wait(lifecycle_->deactivate(id, "test"));
  pass();
  EXPECT_EQ(asked("health"), before);
}

TEST_P(WatchTest, OneThatDoesNotKnowItsHealthIsNotAskedAgain) {  // HOST-8
  instances_.answers["health"] = port::Result(Code::unsupported, "");
  const auto id = connected();
  pass();
  EXPECT_EQ(asked("health"), 1);
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(WatchTest, AProviderThatIsAwaySaysNothingAboutDelivery) {
  instances_.answers["status"] = port::Result(Code::unavailable, "away");
  const auto id = connected();
  pass();
  EXPECT_GE(asked(), 1);
  EXPECT_EQ(stored_state(id), State::active);
}

TEST_P(WatchTest, WhoCannotSayIsNotAskedAgain) {
  instances_.answers["status"] = port::Result(Code::unsupported, "no");
  connected();
  pass();
  pass();
  EXPECT_EQ(asked(), 1);
}

TEST_P(WatchTest, ARegistrationThatEndsIsRenewedAtHalfOfItsTime) {  // plugin-needs N2
  answer(R"({"status": "ours"})");
  const json reply = {{"state", nullptr}, {"expires_at", to_rfc3339(manual_.now() + 20min)}};
  instances_.answers["register"] = port::Result(port::Message(reply.dump()));
  connected();
  pass();
  EXPECT_EQ(asked("register"), 1);
  for (int i = 0; i < 3; ++i) pass();
  EXPECT_GE(asked("register"), 2);
}

TEST_P(WatchTest, AListenerThatHasEndedDoesNotRecoverWhileItWaits) {  // TG-3
  answer(R"({"status": "ours"})");
  port::Result conflict(Code::conflict, "somebody else listens");
  conflict.retry_after = 10min;
  instances_.answers["run"] = conflict;
  const auto id = connected(kPolling);
  ASSERT_TRUE(becomes(id, State::degraded));
  pass();
  EXPECT_EQ(stored_state(id), State::degraded);
}

TEST(Renewal, IsDueAtHalfOfTheTime) {
  const auto state = R"({"registered_at": "2026-01-01T00:00:00.000Z", "expires_at": "2026-01-03T00:00:00Z"})";
  EXPECT_FALSE(is_renewal_due(state, *parse_rfc3339("2026-01-01T23:59:59Z")));
  EXPECT_TRUE(is_renewal_due(state, *parse_rfc3339("2026-01-02T00:00:00Z")));
  EXPECT_FALSE(is_renewal_due(R"({"expires_at": null})", *parse_rfc3339("2026-01-02T00:00:00Z")));
  EXPECT_FALSE(is_renewal_due("", *parse_rfc3339("2026-01-02T00:00:00Z")));
}

}  // namespace
}  // namespace patchbay::lifecycle
