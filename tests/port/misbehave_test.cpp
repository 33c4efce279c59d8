// A plugin that breaks the contract, or uses it to its edges, in either mode (HOST-5).
#include <atomic>

#include "port/subject.hpp"

namespace patchbay::test {
namespace {

class Misbehaving : public testing::TestWithParam<Subject> {
 protected:
  Bench bench{GetParam()};
  FakeHost& host = *bench.host;
};

TEST_P(Misbehaving, CallCarriesMethodTraceTimeLimitAndExactBytes) {
  const std::string bytes("\0\xff\r\n", 4);
  const auto said = body_of(bench.call("pb.x/1:y", {{"misbehave", "describe"}}, {bytes, ""}, 5s));
  EXPECT_EQ(said.at("method"), "pb.x/1:y");
  EXPECT_EQ(said.at("trace").get<std::string>().size(), 55u);
  EXPECT_GT(said.at("timeout_ms"), 4000);
  EXPECT_LE(said.at("timeout_ms"), 5000);
  EXPECT_EQ(said.at("blobs"), json({4, 0}));
  EXPECT_EQ(bench.act("blobs", json::object(), {bytes}).message.blobs, std::vector<std::string>{bytes});
}

TEST_P(Misbehaving, AnswerMayComeFromAnyThread) {
  EXPECT_EQ(body_of(bench.act("from_thread")).at("from"), "thread");
}

TEST_P(Misbehaving, OnlyTheFirstAnswerCounts) {
  EXPECT_EQ(body_of(bench.act("twice")).at("answer"), 1);
  EXPECT_TRUE(host.hears("is not open"));
  EXPECT_EQ(bench.act("unknown_id").code, Code::ok);
}

TEST_P(Misbehaving, ExceptionDoesNotLeaveTheStrand) {
  const auto left_open = bench.begin_act("throw");
  EXPECT_TRUE(host.hears("an exception left the plugin's deliver"));
  EXPECT_EQ(bench.act("describe").code, Code::ok);
}

// [strand]: however many calls come, from however many threads.
TEST_P(Misbehaving, DeliverNeverOverlaps) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      std::vector<std::future<port::Result>> answers;
      for (int n = 0; n < 25; ++n) answers.push_back(bench.begin_act("sleep", {{"ms", 2}}));
      for (auto& answer : answers) answer.get();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(body_of(bench.act("describe")).at("overlaps"), 0);
}

TEST_P(Misbehaving, TimerRunsOnceAndLater) {
  const auto said = body_of(bench.act("later", {{"delay_ms", 30}}));
  EXPECT_GE(said.at("elapsed_ms"), 30);
}

TEST_P(Misbehaving, HostAnswersARequestWithItsBlobs) {
  const auto result =
      bench.act("ask", {{"ask", {{"method", "pb.state/1:get"}, {"body", {{"key", "k"}}}}}}, {"raw bytes"});
  EXPECT_EQ(body_of(result).at("code"), 0);
  EXPECT_EQ(body_of(result).at("reply").at("asked"), "pb.state/1:get");
  EXPECT_EQ(result.message.blobs.at(0), R"(raw bytes)");
}

TEST_P(Misbehaving, CancelledRequestIsStillAnswered) {
  host.hold = true;
  EXPECT_EQ(body_of(bench.act("cancel_ask")).at("code"), static_cast<int>(Code::cancelled));
}

TEST_P(Misbehaving, MoreThan256RequestsAreRefused) {
  host.hold = true;
  const auto said = body_of(bench.act("flood", {{"count", 300}}));
  EXPECT_EQ(said.at("taken"), 256);
  EXPECT_EQ(said.at("refused"), 44);
  ASSERT_TRUE(eventually([this] { return host.waiting() == 256; }));
  host.answer_all(port::Result(port::Message("{}")));
}

TEST_P(Misbehaving, BrokenStructsBecomeResults) {
  EXPECT_EQ(bench.act("short_result").code, Code::conflict);
  EXPECT_EQ(bench.act("long_result").code, Code::ok);
  EXPECT_EQ(bench.act("zero_result").code, Code::internal);
  EXPECT_EQ(bench.act("null_result").code, Code::internal);
  EXPECT_EQ(bench.act("null_view").code, Code::internal);
  EXPECT_EQ(bench.act("huge").code, Code::internal);
  EXPECT_EQ(bench.act("bad_code").code, Code::internal);
  EXPECT_EQ(bench.act("deep", {{"levels", 101}}).code, Code::internal);
  EXPECT_EQ(bench.act("deep", {{"levels", 100}}).code, Code::ok);
}

TEST_P(Misbehaving, DocumentsCrossByteForByte) {
  EXPECT_EQ(bench.act("not_json").message.json, "{\"provider_ids\": [");
  EXPECT_EQ(bench.act("bad_utf8").message.json[19], '\xff');
}

TEST_P(Misbehaving, LogsDoNotBlockAndArrive) {
  EXPECT_EQ(bench.act("logs", {{"count", 2000}, {"bytes", 200}}).code, Code::ok);
  EXPECT_TRUE(host.hears("2 llll"));
}

TEST_P(Misbehaving, MetricThatIsNoNumberIsDropped) {
  EXPECT_EQ(bench.act("metrics").code, Code::ok);
  EXPECT_TRUE(host.hears("record 1 5"));
  EXPECT_TRUE(host.hears("no finite number"));
  for (const auto& line : host.lines()) {
    if (line.starts_with("record 1 ")) {
      EXPECT_EQ(line, "record 1 5.000000 ");
    }
  }
}

boost::asio::awaitable<void> stop_soon(std::shared_ptr<port::Instance> instance,
                                       std::shared_ptr<std::atomic<int>> ended, std::string name) {
  port::Call request("pb.channel/1:send", port::Message(json{{"misbehave", name}}.dump()));
  auto answer = instance->call(std::move(request));
  const auto result = co_await std::move(answer);
  *ended = 1 + static_cast<int>(result.code);
}

TEST_P(Misbehaving, CancellationReachesThePluginAndItsAnswerCounts) {
  const auto ended = std::make_shared<std::atomic<int>>(0);
  TaskScope tasks(bench.machine.context.get_executor(), [](const std::string&, std::exception_ptr) {});
  tasks.spawn("call", stop_soon(bench.instance, ended, "until_cancelled"));
  bench.act("describe");  // the other has been delivered before
  bench.machine.run(tasks.stop());
  EXPECT_EQ(*ended, 1 + static_cast<int>(Code::cancelled));
}

TEST_P(Misbehaving, CancelledCallMayStillSucceed) {
  const auto ended = std::make_shared<std::atomic<int>>(0);
  TaskScope tasks(bench.machine.context.get_executor(), [](const std::string&, std::exception_ptr) {});
  tasks.spawn("call", stop_soon(bench.instance, ended, "after_cancel"));
  bench.act("describe");
  bench.machine.run(tasks.stop());
  EXPECT_EQ(*ended, 1 + static_cast<int>(Code::ok));
}

TEST_P(Misbehaving, CancelledCallThatIsNeverAnsweredEndsAfterAGrace) {
  const auto ended = std::make_shared<std::atomic<int>>(0);
  TaskScope tasks(bench.machine.context.get_executor(), [](const std::string&, std::exception_ptr) {});
  tasks.spawn("call", stop_soon(bench.instance, ended, "silent"));
  bench.act("describe");
  bench.machine.run(tasks.stop());
  EXPECT_EQ(*ended, 1 + static_cast<int>(Code::cancelled));
}

boost::asio::awaitable<port::Result> call_for(std::shared_ptr<port::Instance> instance, std::string name,
                                              Duration limit) {
  port::Call request("pb.channel/1:send", port::Message(json{{"misbehave", name}}.dump()), {}, limit);
  auto answer = instance->call(std::move(request));
  co_return co_await std::move(answer);
}

TEST_P(Misbehaving, CallThatIsNotAnsweredInItsTimeEndsWithDeadline) {
  EXPECT_EQ(bench.machine.run(call_for(bench.instance, "silent", 50ms)).code, Code::deadline);
  EXPECT_EQ(bench.machine.run(call_for(bench.instance, "until_cancelled", 50ms)).code, Code::deadline);
  EXPECT_EQ(bench.machine.run(call_for(bench.instance, "after_cancel", 50ms)).code, Code::ok);
}

TEST_P(Misbehaving, StallIsSaidWhileItLasts) {
  auto sleeping = bench.begin_act("sleep", {{"ms", 3000}});
  EXPECT_TRUE(host.hears("stalled: its deliver"));
  EXPECT_EQ(sleeping.wait_for(0s), std::future_status::timeout);
  EXPECT_EQ(sleeping.get().code, Code::ok);
}

TEST_P(Misbehaving, RequestThatFailsInsideTheHostIsRefusedOrAnsweredOnce) {
  host.on_ask = [](const port::Call&, const FakeHost::Reply&) { throw std::runtime_error("out of luck"); };
  const auto said = body_of(bench.act("ask"));
  EXPECT_EQ(said.value("refused", said.value("code", 0)), static_cast<int>(Code::internal));
}

// Stop with calls open: the plugin's own requests are failed, then its calls are answered, then it is
// destroyed.
TEST_P(Misbehaving, CloseAnswersEverythingThatIsOpen) {
  host.hold = true;
  host.answers_cancelled = false;
  auto waits_for_host = bench.begin_act("ask");
  auto silent = bench.begin_act("silent");
  auto timer = bench.begin_act("later", {{"delay_ms", 3'600'000}});
  ASSERT_TRUE(eventually([this] { return host.waiting() == 1; }));
  bench.close();
  EXPECT_EQ(body_of(waits_for_host.get()).at("code"), static_cast<int>(Code::cancelled));
  EXPECT_EQ(silent.get().code, Code::cancelled);
  EXPECT_EQ(timer.get().code, Code::ok);               // its callback ran, early
  host.answer_all(port::Result(port::Message("{}")));  // late: nobody is there
}

TEST_P(Misbehaving, CloseTellsTheHostOnce) {
  EXPECT_EQ(host.ended, 0);
  bench.close();
  EXPECT_EQ(host.ended, 1);
}

TEST_P(Misbehaving, CloseSaysOutcomeUnknownWhenTheCallMayHaveActed) {
  host.has_acted = true;
  auto silent = bench.begin_act("silent");
  bench.act("describe");
  bench.close();
  EXPECT_EQ(silent.get().code, Code::outcome_unknown);
}

// 16 calls inside the instance, the rest waits; lifecycle goes beside.
TEST_P(Misbehaving, CallsBeyondTheWindowWait) {
  std::vector<std::future<port::Result>> inside;
  for (int i = 0; i < 16; ++i) inside.push_back(bench.begin_act("until_cancelled"));
  auto waiting = bench.begin_act("describe");
  EXPECT_EQ(bench.call("pb.lifecycle/1:health").code, Code::ok);
  EXPECT_EQ(waiting.wait_for(50ms), std::future_status::timeout);
  bench.close();
  EXPECT_EQ(waiting.get().code, Code::unavailable);
}

TEST_P(Misbehaving, NothingEntersAfterDrain) {
  std::vector<std::future<port::Result>> inside;
  for (int i = 0; i < 16; ++i) inside.push_back(bench.begin_act("until_cancelled"));
  auto waiting = bench.begin_act("describe");
  EXPECT_EQ(bench.call("pb.lifecycle/1:drain", {{"deadline_ms", 100}}).code, Code::ok);
  EXPECT_EQ(waiting.get().code, Code::unavailable);
  EXPECT_EQ(bench.act("describe").code, Code::unavailable);
  EXPECT_EQ(bench.call("pb.listen/1:run").code, Code::unavailable);
  EXPECT_EQ(bench.call("pb.lifecycle/1:health").code, Code::ok);
}

TEST_P(Misbehaving, CallToAClosedInstanceIsRefusedAndHarmsNobody) {
  const auto other = bench.machine.run(bench.port->open("misbehave", bench.host));
  auto closed = bench.machine.start(bench.instance->close());
  const auto crossing = bench.act("describe");
  closed.get();
  const auto late = bench.act("describe");
  EXPECT_EQ(late.code, Code::unavailable);
  EXPECT_FALSE(late.lost);
  port::Call request("pb.channel/1:send", port::Message(R"({"misbehave":"describe"})"));
  EXPECT_EQ(bench.machine.run(other->call(std::move(request))).code, Code::ok) << crossing.text;
  bench.machine.run(other->close());
}

TEST_P(Misbehaving, CallThatIsTooLargeIsRefusedBeforeItLeaves) {
  const auto result = bench.act("describe", json::object(), {std::string(17u << 20, 'x')});
  EXPECT_EQ(result.code, Code::invalid);
  EXPECT_EQ(bench.act("describe", json::object(), {std::string(15u << 20, 'x')}).code, Code::ok);
}

INSTANTIATE_TEST_SUITE_P(Port, Misbehaving,
                         testing::Values(Subject("misbehave", "misbehave", false),
                                         Subject("misbehave", "misbehave", true)),
                         subject_name);

}  // namespace
}  // namespace patchbay::test
