#include "jobs/impl/decide.hpp"

#include <gtest/gtest.h>

namespace patchbay::jobs {
namespace {

using namespace std::chrono_literals;
using schedule::Schedule;

const TimePoint kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

Ended after(Duration took, std::int64_t failures = 0) {
  Ended ended;
  ended.started = kStart;
  ended.now = kStart + took;
  ended.failures = failures;
  return ended;
}

port::Result ok(const char* reply = R"({"more": false})") {
  return port::Result(port::Message(reply));
}

const Schedule kTenMinutes = Schedule::every(10min, 1min);

TEST(Decide_JOB1, AnIntervalIsFromStartToStart) {
  const auto decision = decide(ok(), kTenMinutes, after(3min, 4));
  EXPECT_EQ(decision.ending, Ending::done);
  EXPECT_EQ(decision.cause, Cause::schedule);
  EXPECT_EQ(decision.due, kStart + 10min);
  EXPECT_EQ(decision.failures, 0);
}

TEST(Decide_JOB1, WhatTakesLongerThanItsIntervalIsDueAtOnce) {
  EXPECT_EQ(decide(ok(), kTenMinutes, after(25min)).due, kStart + 25min);
}

TEST(Decide_JOB1, WhatACronExpressionNamedMeanwhileIsLeftOut) {
  EXPECT_EQ(decide(ok(), Schedule::cron("*/10 * * * *", "UTC"), after(25min)).due, kStart + 30min);
}

TEST(Decide_JOB1, OnDemandIsDueNeverAgainAndContinuousSoon) {
  EXPECT_EQ(decide(ok(), Schedule::on_demand(), after(1min)).due, std::nullopt);
  EXPECT_EQ(decide(ok(), Schedule::continuous(), after(1min)).due, kStart + 1min + 1s);
}

TEST(Decide_JOB3, WhatHasMoreToDoGoesOnAtOnce) {
  const auto decision = decide(ok(R"({"more": true})"), kTenMinutes, after(1min));
  EXPECT_EQ(decision.ending, Ending::more);
  EXPECT_EQ(decision.cause, Cause::more);
  EXPECT_EQ(decision.due, kStart + 1min);
}

TEST(Decide_JOB3, APauseThatTheProviderAsksForIsNoFailure) {
  const port::Result limited(Code::rate_limited, "slow down", 90s);
  const auto decision = decide(limited, kTenMinutes, after(1min, 2));
  EXPECT_EQ(decision.ending, Ending::limited);
  EXPECT_EQ(decision.due, kStart + 1min + 90s);
  EXPECT_EQ(decision.pause_until, decision.due);
  EXPECT_EQ(decision.scope, "integration");
  EXPECT_EQ(decision.failures, 2);
  EXPECT_FALSE(decision.trouble);
}

TEST(Decide_JOB3, APauseConcernsWhomTheProviderNames) {
  const auto scope = [](const char* message) {
    port::Result limited(Code::rate_limited, "slow down", 1s, port::Message(message));
    const auto decision = decide(limited, kTenMinutes, after(1min));
    return decision.pause_until ? decision.scope : "the job alone";
  };
  EXPECT_EQ(scope(R"({"scope": "profile"})"), "profile");
  EXPECT_EQ(scope(R"({"scope": "grant"})"), "grant");
  EXPECT_EQ(scope(R"({"scope": "integration"})"), "integration");
  EXPECT_EQ(scope(R"({"scope": "conversation"})"), "the job alone");
  EXPECT_EQ(scope("rubbish"), "integration");
}

TEST(Decide_JOB3, APauseOfNoLengthIsAMinute) {
  EXPECT_EQ(decide(port::Result(Code::rate_limited, ""), kTenMinutes, after(1min)).due, kStart + 2min);
}

TEST(Decide_JOB3, FailuresBackOff) {
  const port::Result away(Code::unavailable, "away");
  const auto hour = Schedule::every(1h, 1min);
  EXPECT_EQ(decide(away, hour, after(1min, 0)).due, kStart + 1min + 5s);
  EXPECT_EQ(decide(away, hour, after(1min, 1)).due, kStart + 1min + 10s);
  EXPECT_EQ(decide(away, hour, after(1min, 4)).due, kStart + 1min + 80s);
  EXPECT_EQ(decide(away, Schedule::every(24h, 1min), after(1min, 400)).due, kStart + 1min + 1h);
  EXPECT_EQ(decide(away, hour, after(1min, 4)).cause, Cause::retry);
}

TEST(Decide_JOB3, TheNextRegularRunIsAsGoodAsARepetition) {
  const port::Result away(Code::unavailable, "away");
  EXPECT_EQ(decide(away, kTenMinutes, after(1min, 400)).due, kStart + 10min);
  const port::Result later(Code::unavailable, "away", 30min);
  EXPECT_EQ(decide(later, kTenMinutes, after(1min, 400)).due, kStart + 31min);
}

TEST(Decide_HOST5, WhatDiedWithItsProcessIsTriedAgainAtOnceTheFirstTime) {
  port::Result lost(Code::unavailable, "its process ended");
  lost.lost = true;
  EXPECT_EQ(decide(lost, Schedule::every(1h, 1min), after(1min, 0)).due, kStart + 1min);
  EXPECT_EQ(decide(lost, Schedule::every(1h, 1min), after(1min, 1)).due, kStart + 1min + 5s);
}

TEST(Decide_HOST8, WhatMayPassIsShownWhenItDoesNot) {
  const auto shown = [](Code code, std::int64_t failures) {
    return decide(port::Result(code, "why"), kTenMinutes, after(1min, failures)).trouble;
  };
  EXPECT_FALSE(shown(Code::unavailable, 0));
  EXPECT_FALSE(shown(Code::deadline, 1));
  EXPECT_TRUE(shown(Code::deadline, 2));
  EXPECT_TRUE(shown(Code::invalid, 0));
  EXPECT_TRUE(shown(Code::internal, 0));
  port::Result poison(Code::unavailable, "crashes");
  poison.poison = true;
  EXPECT_TRUE(decide(poison, kTenMinutes, after(1min)).trouble);
  EXPECT_TRUE(decide(poison, kTenMinutes, after(1min)).held);  // HOST-5
}

TEST(Decide_JOB3, WhoMustSignInAgainIsWaitedFor) {
  const auto decision = decide(port::Result(Code::unauthenticated, "expired"), kTenMinutes, after(1min));
  EXPECT_TRUE(decision.held);
  EXPECT_FALSE(decision.trouble);
}

TEST(Decide_JOB3, WhatWeBrokeOffIsNoFailureAndGoesOn) {
  auto ended = after(1min, 2);
  ended.ours = true;
  const auto decision = decide(port::Result(Code::cancelled, ""), kTenMinutes, ended);
  EXPECT_EQ(decision.ending, Ending::cancelled);
  EXPECT_EQ(decision.due, ended.now);
  EXPECT_EQ(decision.failures, 2);
}

}  // namespace
}  // namespace patchbay::jobs
