#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

Task<int> ready(int value) {
  co_return value;
}

Task<void> nothing() {
  co_return;
}

Task<SendReply> await_a_million(Probe&, Json) {
  std::int64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += co_await ready(1);
  co_return sent(std::to_string(sum));
}

// Asio's figure for its own awaitable; symmetric transfer overflows the stack here at -O0 and under
// AddressSanitizer.
TEST(Task, AMillionAwaitsOfReadyTasksNeedNoStack) {
  FakeHost host(probe(await_a_million));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "1000000");
}

Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await nested(depth - 1);
  co_return below + 1;
}

Task<SendReply> nest(Probe&, Json) {
  const int depth = co_await nested(1000);
  co_return sent(std::to_string(depth));
}

TEST(Task, ResultsComeBackThroughNestedTasks) {
  FakeHost host(probe(nest));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "1000");
}

Task<int> fail_deep(int depth) {
  if (depth == 0) throw Error(PB_CONFLICT, "from below");
  const int below = co_await fail_deep(depth - 1);
  co_return below;
}

Task<SendReply> catch_deep(Probe&, Json) {
  std::string caught;
  try {
    co_await fail_deep(50);
  } catch (const Error& error) {
    caught = error.text;
  }
  co_return sent(caught);
}

TEST(Task, ExceptionsReachTheAwaiter) {
  FakeHost host(probe(catch_deep));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "from below");
}

Task<SendReply> await_replies(Probe& self, Json) {
  for (int i = 0; i < 1000; ++i) {
    Json nobody = Json::object();
    co_await self.services().call("test/1:ready", std::move(nobody));
    co_await nothing();
  }
  co_return sent("1000");
}

TEST(Task, AwaitsOfHostCallsNeedNoStackEither) {
  FakeHost host(probe(await_replies));
  host.services.on("test/1:ready", [](const Request&) { return Result(Json::object()); });
  EXPECT_TRUE(host.call(kSend, Json::object()).ok());
  EXPECT_EQ(host.requests.size(), 1000u);
}

Task<std::unique_ptr<int>> move_only() {
  co_return std::make_unique<int>(7);
}

Task<SendReply> move_out(Probe&, Json) {
  const std::unique_ptr<int> moved = co_await move_only();
  co_return sent(std::to_string(*moved));
}

TEST(Task, ResultsMayBeMoveOnly) {
  FakeHost host(probe(move_out));
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "7");
}

}  // namespace
}  // namespace patchbay::sdk_test
