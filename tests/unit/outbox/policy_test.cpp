#include "outbox/impl/policy.hpp"

#include <gtest/gtest.h>

namespace patchbay::outbox {
namespace {

using Next = Decision::Next;

Policy policy_of(const char* idempotency) {
  return read_policy(std::string(R"({"idempotency": ")") + idempotency + "\"}");
}
port::Result failing(Code code, const char* json = "", Duration retry_after = Duration{0}) {
  return port::Result(code, "why", retry_after, port::Message(json));
}

TEST(Policy, reads_rates_and_passes_over_nonsense) {
  const auto policy =
      read_policy(R"({"idempotency": "lookup", "rates": [7, {"scope": "conversation", "rate": 1,
      "per_ms": 1000, "burst": 3}, {"scope": "integration", "rate": 30}, {"scope": "grant", "rate": 1},
      {"scope": "integration", "rate": -1}]})");
  EXPECT_EQ(policy.idempotency, Policy::Idempotency::lookup);
  EXPECT_EQ(policy.conversation.at(0).second.burst, 3);
  EXPECT_EQ(policy.integration->tokens, 30);
  EXPECT_FALSE(read_policy("not json").integration);
}

TEST(Policy, reads_how_many_may_be_on_their_way) {  // N16
  const auto policy =
      read_policy(R"({"concurrency": ["x", {"scope": "grant", "max": 4}, {"scope": "profile", "max": 0}]})");
  EXPECT_EQ(policy.grant_at_once, 4);
  EXPECT_EQ(policy.profile_at_once, 1);
  EXPECT_FALSE(policy.integration_at_once);
}

TEST(Decide, success_carries_what_the_provider_said) {
  const port::Result result(
      port::Message(R"({"provider_ids": ["418", 419], "sent_at": "t", "moved_to": "n"})"));
  const auto decision = decide(Policy(), result, 0);
  EXPECT_EQ(decision.next, Next::sent);
  EXPECT_EQ(decision.outcome.provider_ids, (std::vector<std::string>{"418", "419"}));
  EXPECT_EQ(decision.outcome.moved_to, "n");
}

// TG-4
TEST(Decide, refusals_are_final_with_the_providers_words) {
  for (const auto code : {Code::invalid, Code::denied, Code::not_found, Code::unsupported, Code::conflict}) {
    const auto decision = decide(Policy(), failing(code), 0);
    EXPECT_EQ(decision.next, Next::failed);
    EXPECT_EQ(decision.outcome.kind, Outcome::Kind::failed);
    EXPECT_EQ(decision.outcome.reason, "why");
    EXPECT_EQ(decision.outcome.refused, code == Code::denied);
  }
}

TEST(Decide, what_has_arrived_keeps_its_names) {  // TG-4
  const char* made = R"({"provider_ids": ["418"], "sent_at": "t"})";
  for (const auto code : {Code::denied, Code::outcome_unknown}) {
    const auto decision = decide(Policy(), failing(code, made), 0);
    EXPECT_NE(decision.next, Next::sent);
    EXPECT_EQ(decision.outcome.provider_ids, std::vector<std::string>{"418"});
    EXPECT_EQ(decision.outcome.sent_at, "t");
  }
}

// N16
TEST(Decide, a_limit_pauses_its_scope) {
  const auto one =
      decide(Policy(), failing(Code::rate_limited, R"({"scope": "conversation"})", Duration{7000}), 0);
  EXPECT_EQ(one.next, Next::wait_conversation);
  EXPECT_EQ(one.delay, Duration{7000});
  EXPECT_FALSE(one.provider_down);
  EXPECT_EQ(decide(Policy(), failing(Code::rate_limited), 0).next, Next::wait_integration);
}

// OUT-1
TEST(Decide, an_unknown_outcome_is_never_repeated_blindly) {
  const auto unknown = failing(Code::outcome_unknown);
  EXPECT_EQ(decide(policy_of("none"), unknown, 0).next, Next::uncertain);
  EXPECT_EQ(decide(policy_of("lookup"), unknown, 0).next, Next::look_up);
  EXPECT_EQ(decide(policy_of("provider"), unknown, 0).next, Next::retry);
}

// OUT-1
TEST(Decide, what_the_plugin_gives_up_by_itself_is_final) {
  EXPECT_EQ(decide(policy_of("provider"), failing(Code::cancelled), 0).next, Next::failed);
}

TEST(Decide, poison_is_never_tried_again) {
  auto result = failing(Code::internal);
  result.poison = true;
  EXPECT_EQ(decide(Policy(), result, 0).next, Next::failed);
  result.code = Code::outcome_unknown;
  EXPECT_EQ(decide(policy_of("provider"), result, 0).next, Next::uncertain);
}

TEST(Decide, internal_faults_are_tried_three_times) {
  EXPECT_EQ(decide(Policy(), failing(Code::internal), 0).next, Next::retry);
  EXPECT_EQ(decide(Policy(), failing(Code::internal), 1).next, Next::retry);
  EXPECT_EQ(decide(Policy(), failing(Code::internal), 2).next, Next::failed);
}

TEST(DecideLookup, follows_what_the_provider_knows) {
  const port::Result there(port::Message(R"({"found": true, "provider_ids": ["5"]})"));
  EXPECT_EQ(decide_lookup(there, 0).outcome.provider_ids, std::vector<std::string>{"5"});
  EXPECT_EQ(decide_lookup(port::Result(port::Message(R"({"found": false})")), 0).next, Next::retry);
  EXPECT_EQ(decide_lookup(failing(Code::unsupported), 0).next, Next::uncertain);
  EXPECT_EQ(decide_lookup(failing(Code::unavailable), 0).next, Next::look_up);
  EXPECT_EQ(decide_lookup(failing(Code::unavailable), 10).next, Next::uncertain);
}

TEST(UploadTime, grows_with_the_bytes) {
  EXPECT_EQ(upload_time(R"({"text": "hi"})"), Duration{0});
  EXPECT_EQ(upload_time(R"({"attachments": [{"size": 50000000}, {"size": 10000000}, {"size": -1}, 7]})"),
            Duration{1'200'000});
  EXPECT_EQ(upload_time(R"({"attachments": [{"size": 1e300}]})"), Duration{86'400'000});
  EXPECT_EQ(upload_time("{"), Duration{0});
}

TEST(BackOff, doubles_up_to_a_minute) {
  EXPECT_EQ(back_off(1, 0), Duration{1000});
  EXPECT_EQ(back_off(3, 0), Duration{4000});
  EXPECT_EQ(back_off(50, 0), Duration{60'000});
  EXPECT_EQ(back_off(1, 1), Duration{1200});
}

}  // namespace
}  // namespace patchbay::outbox
