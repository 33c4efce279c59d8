#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

const char* const kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Task<SendReply> long_poll(Probe& self, Json) {
  Json request = {{"url", "https://api.example/updates"}, {"pool", "long"}};
  co_await self.services().http(std::move(request));
  co_return sent("done");
}

TEST(Cancellation, EndsTheHostCallThatTheCallWaitsFor) {
  FakeHost host(probe(long_poll));
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.run();
  ASSERT_EQ(host.open_requests().size(), 1u);
  host.cancel(id);
  EXPECT_TRUE(host.open_requests().front().cancelled);
  host.run();
  ASSERT_TRUE(host.answer(id));
  EXPECT_EQ(host.answer(id)->code, PB_CANCELLED);
}

TEST(Cancellation, OfOneCallLeavesOthersAlone) {
  FakeHost host(probe(long_poll));
  const std::uint64_t first = host.deliver(kSend, Json::object());
  const std::uint64_t second = host.deliver(kSend, Json::object());
  host.cancel(first);
  host.run();
  EXPECT_FALSE(host.answer(second));
  host.reply(host.open_requests().front().id, Result(Json{{"status", 200}}));
  host.run();
  EXPECT_TRUE(host.answer(second)->ok());
}

Task<SendReply> wait_a_minute(Probe& self, Json) {
  co_await self.services().sleep(60'000);
  co_return sent("slept");
}

TEST(Cancellation, EndsAPause) {
  FakeHost host(probe(wait_a_minute));
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.advance(1000);
  host.cancel(id);
  host.run();
  EXPECT_EQ(host.answer(id)->code, PB_CANCELLED);
}

Task<SendReply> go_on_regardless(Probe& self, Json) {
  int tries = 0;
  for (; tries < 3; ++tries) {
    try {
      co_await self.services().sleep(60'000);
    } catch (const Error&) {
    }
  }
  const CallContext call = co_await this_call();
  co_return sent(call.is_cancelled() ? "cancelled" : "open");
}

TEST(Cancellation, AlsoEndsWhatACancelledCallWaitsForLater) {
  FakeHost host(probe(go_on_regardless));
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.cancel(id);
  host.run();
  ASSERT_TRUE(host.answer(id));
  EXPECT_EQ(host.answer(id)->json["provider_ids"][0], "cancelled");
}

TEST(Cancellation, OfAnUnknownCallIsHarmless) {
  FakeHost host(probe(long_poll));
  host.cancel(12345);
  host.run();
  EXPECT_TRUE(host.violations.empty());
}

Task<SendReply> tell_context(Probe& self, Json) {
  co_await self.services().sleep(400);
  const CallContext call = co_await this_call();
  call.log(PB_INFO, "working");
  co_return sent(call.trace() + " " + std::to_string(call.remaining_ms()));
}

TEST(Context, TraceAndTimeLeftBelongToTheCall) {
  FakeHost host(probe(tell_context));
  const std::uint64_t first = host.deliver(kSend, Json::object(), {}, kTrace, 1000);
  const std::uint64_t second = host.deliver(kSend, Json::object());
  host.advance(400);
  EXPECT_EQ(host.answer(first)->json["provider_ids"][0], std::string(kTrace) + " 600");
  EXPECT_EQ(host.answer(second)->json["provider_ids"][0], " 0");
  ASSERT_EQ(host.logs.size(), 2u);
  EXPECT_THAT(host.logs[0].fields, ::testing::HasSubstr(kTrace));
  EXPECT_EQ(host.logs[1].fields, "");
}

Task<SendReply> ask_twice(Probe& self, Json) {
  co_await self.services().state_get("a");
  co_await self.services().sleep(100);
  co_await self.services().state_get("b");
  co_return sent("asked");
}

// HOOK-5: one trace from webhook to effect, also with other calls in between.
TEST(Context, HostCallsCarryTheTraceAndTheTimeLeftOfTheirCall) {
  FakeHost host(probe(ask_twice));
  host.deliver(kSend, Json::object(), {}, kTrace, 1000);
  host.deliver(kSend, Json::object(), {}, "other");
  host.advance(100);
  ASSERT_EQ(host.requests.size(), 4u);
  EXPECT_EQ(host.requests[0].trace, kTrace);
  EXPECT_EQ(host.requests[0].timeout_ms, 1000);
  EXPECT_EQ(host.requests[1].trace, "other");
  EXPECT_EQ(host.requests[1].timeout_ms, 0);
  EXPECT_EQ(host.requests[2].trace, kTrace);
  EXPECT_EQ(host.requests[2].timeout_ms, 900);
  EXPECT_EQ(host.requests[3].trace, "other");
}

}  // namespace
}  // namespace patchbay::sdk_test
