// Pauses that providers ask for (JOB-3, OUT-2, plugin-needs N16).
#include "unit/jobs/scheduler_fixture.hpp"

namespace patchbay::jobs {
namespace {

class SchedulerPausesTest : public SchedulerTest {};
PB_ON_BOTH_DATABASES(SchedulerPausesTest);

TEST_P(SchedulerPausesTest, APauseConcernsTheWholeIntegrationAndNobodyElse) {  // JOB-3, OUT-2
  caller_.answers.emplace_back(Code::rate_limited, "slow down", 30s);
  begin({every("history", 10s)});
  ASSERT_TRUE(runs(1));
  begin({every("other", 10s)}, kOther);
  begin({every("history", 10s)});
  ASSERT_TRUE(runs(2));
  EXPECT_EQ(caller_.runs[1].at("integration"), kOther);
  pass(20s);
  for (std::size_t i = 1; i < caller_.runs.size(); ++i) EXPECT_EQ(caller_.runs[i].at("integration"), kOther);
  EXPECT_EQ(endings(), (Words{"limited"}));
  const auto seen = static_cast<std::ptrdiff_t>(caller_.runs.size());
  EXPECT_TRUE(reach([&] {
    return std::any_of(caller_.runs.begin() + seen, caller_.runs.end(),
                       [](const json& run) { return run.at("integration") == kMailbox; });
  }));
}

TEST_P(SchedulerPausesTest, APauseOfAGrantConcernsAllThatUseIt) {  // JOB-3, N16
  store_->write_now([](store::Session& session) {
    session.exec(
        "insert into grants(id, plugin, name, identity, created_at) values (70, 'acme', 'a', 'x', 0)");
    for (const auto id : {kMailbox, kOther}) plugin::use_grant(session, id, "account", 70);
  });
  begin({every("other", 10s)}, kOther);
  ASSERT_TRUE(runs(1));
  caller_.answers.emplace_back(Code::rate_limited, "slow down", 30s, port::Message(R"({"scope": "grant"})"));
  begin({every("history", 10s)});
  ASSERT_TRUE(runs(2));
  const auto seen = caller_.runs.size();
  pass(25s);
  EXPECT_EQ(caller_.runs.size(), seen);
  EXPECT_TRUE(runs(seen + 2));
}

TEST_P(SchedulerPausesTest, APauseOutlivesTheHost) {  // JOB-3, OUT-2
  caller_.answers.emplace_back(Code::rate_limited, "slow down", 30s);
  begin({every("history", 10s)});
  ASSERT_TRUE(runs(1));
  stop();
  start();
  begin({every("history", 10s), every("contacts", 10s)});
  pass(20s);
  EXPECT_EQ(caller_.runs.size(), 1U);
  EXPECT_TRUE(runs(3));
}

TEST_P(SchedulerPausesTest, APauseThatAnotherHostOrAMessageMetIsKept) {  // JOB-3, OUT-2
  begin({every("history", 10s)});
  ASSERT_TRUE(runs(1));
  store_->write_now([&](store::Session& session) {
    const auto now = clock_.now().time_since_epoch().count();
    plugin::pause(session, kMailbox, "integration", now + 40'000, now);
  });
  pass(30s);
  EXPECT_EQ(caller_.runs.size(), 1U);
  EXPECT_TRUE(runs(2));
}

}  // namespace
}  // namespace patchbay::jobs
