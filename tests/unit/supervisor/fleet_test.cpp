// Real workers with the plugin that misbehaves; time is real unless a test says otherwise (HOST-5).
#include "supervisor/fleet.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "base/task_scope.hpp"
#include "port/support.hpp"

namespace patchbay::supervisor {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using test::eventually;

constexpr Id kOne = 1;
constexpr Id kTwo = 2;

boost::asio::awaitable<port::Result> configure(std::shared_ptr<port::Instance> instance,
                                               std::string settings) {
  port::Call call("pb.lifecycle/1:configure", port::Message("{\"settings\":" + settings + "}"));
  auto answer = instance->call(std::move(call));
  const auto configured = co_await std::move(answer);
  if (!configured.ok()) co_return configured;
  port::Call start("pb.lifecycle/1:start", port::Message("{}"));
  auto started = instance->call(std::move(start));
  co_return co_await std::move(started);
}

class FleetTest : public testing::Test {
 protected:
  explicit FleetTest(Clock* clock = nullptr) : fleet_(options(clock == nullptr ? machine_.clock : *clock)) {}
  ~FleetTest() override { machine_.run(fleet_.stop()); }

  Fleet::Options options(Clock& clock) {
    Fleet::Options made(machine_.context.get_executor(), clock, machine_.spawner, log::Logger::none());
    made.worker = worker_;
    made.overdue_grace = 200ms;
    made.drain = 1s;
    made.on_quarantined = [this](Id, const std::string& reason) { quarantined_.set_value(reason); };
    return made;
  }

  Spec spec(Id id, const std::string& settings = "{}") {
    auto manifest = std::make_shared<plugin::Manifest>();
    manifest->id = "misbehave";
    manifest->version = "0.1.0";
    manifest->artefact = test::plugin_library("misbehave");
    manifest->instances_per_worker = instances_per_worker_;
    manifest->calls_per_instance = calls_per_instance_;
    return Spec(id, manifest, host_, [settings](std::shared_ptr<port::Instance> instance) {
      return configure(instance, settings);
    });
  }

  void run(Id id) { machine_.run(fleet_.run(spec(id))); }
  std::future<port::Result> begin(Id id, const std::string& name, Duration timeout = 20s,
                                  json body = json::object()) {
    body["misbehave"] = name;
    return machine_.start(
        fleet_.call(id, port::Call("pb.channel/1:send", port::Message(body.dump()), {}, timeout)));
  }
  port::Result call(Id id, const std::string& name, Duration timeout = 20s) {
    return test::within_a_minute(begin(id, name, timeout));
  }
  Health health(Id id) {
    for (const auto& each : machine_.run(fleet_.health())) {
      if (each.integration == id) return each;
    }
    return {};
  }
  bool becomes(Id id, Condition condition) {
    return eventually([&] { return health(id).condition == condition; });
  }

  std::filesystem::path worker_ = test::worker_path();
  int instances_per_worker_ = 0;
  int calls_per_instance_ = 16;
  std::promise<std::string> quarantined_;
  std::shared_ptr<test::FakeHost> host_ = std::make_shared<test::FakeHost>();
  test::Machine machine_;
  Fleet fleet_;
};

TEST_F(FleetTest, OneWorkerServesAllIntegrationsOfAPlugin) {
  run(kOne);
  run(kTwo);
  EXPECT_EQ(call(kOne, "describe").code, Code::ok);
  EXPECT_EQ(call(kTwo, "describe").code, Code::ok);
  EXPECT_NE(health(kOne).pid, 0);
  EXPECT_EQ(health(kOne).pid, health(kTwo).pid);
}

TEST_F(FleetTest, IntegrationsAreShardedOverWorkers) {
  instances_per_worker_ = 1;  // N9
  run(kOne);
  run(kTwo);
  EXPECT_NE(health(kOne).pid, health(kTwo).pid);
}

TEST_F(FleetTest, HealthTellsWhatTheWorkerTakes) {  // HOST-8
  run(kOne);
  EXPECT_GT(health(kOne).usage.value().memory, 1u << 20);
  EXPECT_GE(health(kOne).usage.value().threads, 2);
  const auto before = health(kOne).usage.value().cpu;
  begin(kOne, "spin", 8s);  // longer than it is looked at: another worker would have taken nothing
  EXPECT_TRUE(eventually([&] { return health(kOne).usage.value_or(port::Usage()).cpu > before + 100ms; }));
}

TEST_F(FleetTest, HaltedIntegrationAnswersUnavailableAndItsWorkerEnds) {
  run(kOne);
  const int pid = health(kOne).pid;
  machine_.run(fleet_.halt(kOne));
  EXPECT_EQ(call(kOne, "describe").code, Code::unavailable);
  EXPECT_TRUE(eventually([&] { return !test::process_exists(pid); }));
}

TEST_F(FleetTest, HaltLetsRunningCallsFinish) {
  run(kOne);
  auto running = begin(kOne, "later", 20s, {{"delay_ms", 200}});
  ASSERT_TRUE(eventually([&] { return health(kOne).open == 1; }));
  machine_.run(fleet_.halt(kOne));
  const auto result = test::within_a_minute(std::move(running));
  EXPECT_EQ(result.code, Code::ok);
  EXPECT_GE(json::parse(result.message.json).at("elapsed_ms"), 200);
}

TEST_F(FleetTest, CallThatAStopCutsOffMayHaveActedOrNot) {  // OUT-1
  for (const bool acted : {false, true}) {
    host_->has_acted = acted;
    run(kOne);
    auto running = begin(kOne, "silent");
    ASSERT_TRUE(eventually([&] { return health(kOne).open == 1; }));
    machine_.run(fleet_.halt(kOne));
    EXPECT_EQ(test::within_a_minute(std::move(running)).code,
              acted ? Code::outcome_unknown : Code::unavailable);
  }
}

TEST_F(FleetTest, CallThatItsCallerGivesUpMayHaveActedOrNot) {  // OUT-1
  run(kOne);
  const auto given_up = [&](const std::string& name) {
    std::promise<port::Result> promise;
    auto result = promise.get_future();
    boost::asio::cancellation_signal signal;
    const auto strand = boost::asio::make_strand(machine_.context);
    port::Call call("pb.channel/1:send", port::Message(R"({"misbehave":")" + name + "\"}"), {}, 20s);
    auto done = [&](std::exception_ptr, port::Result answer) { promise.set_value(std::move(answer)); };
    boost::asio::co_spawn(strand, fleet_.call(kOne, std::move(call)),
                          boost::asio::bind_cancellation_slot(signal.slot(), std::move(done)));
    EXPECT_TRUE(eventually([&] { return health(kOne).open == 1; }));
    boost::asio::post(strand, [&] { signal.emit(boost::asio::cancellation_type::terminal); });
    return test::within_a_minute(std::move(result)).code;
  };
  EXPECT_EQ(given_up("until_cancelled"), Code::unavailable);
  host_->has_acted = true;
  EXPECT_EQ(given_up("until_cancelled"), Code::outcome_unknown);
}

TEST_F(FleetTest, RunAgainTakesTheNewSettings) {
  run(kOne);
  machine_.run(fleet_.run(spec(kOne, R"({"misbehave":{"pb.channel/1:send":"bad_code"}})")));
  const auto result = machine_.run(fleet_.call(kOne, port::Call("pb.channel/1:send", port::Message("{}"))));
  EXPECT_EQ(result.code, Code::internal);
}

TEST_F(FleetTest, RunThrowsWhatThePluginSays) {
  EXPECT_THROW(
      machine_.run(fleet_.run(spec(kOne, R"({"misbehave":{"pb.lifecycle/1:start":"short_result"}})"))),
      Error);
  EXPECT_EQ(health(kOne).condition, Condition::failed);
  EXPECT_EQ(call(kOne, "describe").code, Code::unavailable);
}

boost::asio::awaitable<port::Result> hang_once(std::shared_ptr<port::Instance> instance,
                                               std::shared_ptr<std::atomic<int>> tries) {
  const std::string way = ++*tries == 1 ? "silent" : "describe";
  port::Call call("pb.channel/1:send", port::Message(json{{"misbehave", way}}.dump()));
  auto answer = instance->call(std::move(call));
  co_return co_await std::move(answer);
}

TEST_F(FleetTest, RunOutlivesAnAccident) {
  const auto tries = std::make_shared<std::atomic<int>>(0);
  auto unlucky = spec(kOne);
  unlucky.prepare = [tries](std::shared_ptr<port::Instance> instance) { return hang_once(instance, tries); };
  auto running = machine_.start(fleet_.run(std::move(unlucky)));
  ASSERT_TRUE(eventually([&] { return *tries == 1; }));
  test::signal_process(health(kOne).pid, SIGKILL);
  EXPECT_NO_THROW(test::within_a_minute(std::move(running)));
  EXPECT_EQ(*tries, 2);
  EXPECT_EQ(health(kOne).condition, Condition::ready);
}

boost::asio::awaitable<port::Result> silent_for(std::shared_ptr<port::Instance> instance, Duration limit) {
  port::Call call("pb.channel/1:send", port::Message(R"({"misbehave":"silent"})"), {}, limit);
  auto answer = instance->call(std::move(call));
  co_return co_await std::move(answer);
}

TEST_F(FleetTest, InstanceThatIsNotReadyInTimeFailsAlone) {
  run(kTwo);
  auto slow = spec(kOne);
  slow.keep = false;
  slow.prepare = [](std::shared_ptr<port::Instance> instance) { return silent_for(instance, 100ms); };
  EXPECT_THROW(machine_.run(fleet_.run(std::move(slow))), Error);
  EXPECT_EQ(health(kTwo).restarts, 0u);
  EXPECT_EQ(call(kTwo, "describe").code, Code::ok);
}

TEST_F(FleetTest, WhoeverWaitsForAnInstanceCanBeToldToStop) {
  TaskScope tasks(machine_.context.get_executor(), [](const std::string&, std::exception_ptr) {});
  tasks.spawn("run", fleet_.run(spec(kOne, R"({"misbehave":{"pb.lifecycle/1:start":"hang"}})")));
  ASSERT_TRUE(eventually([&] { return health(kOne).pid != 0; }));
  EXPECT_EQ(machine_.start(tasks.stop()).wait_for(5s), std::future_status::ready);
}

TEST_F(FleetTest, RunThatIsNotKeptIsForgottenWhenItFails) {
  auto once = spec(kOne, R"({"misbehave":{"pb.lifecycle/1:start":"short_result"}})");
  once.keep = false;
  EXPECT_THROW(machine_.run(fleet_.run(std::move(once))), Error);
  EXPECT_EQ(health(kOne).integration, 0);
}

TEST_F(FleetTest, KilledWorkerIsReplacedAtOnceAndItsCallsRepeated) {
  run(kOne);
  const int pid = health(kOne).pid;
  auto running = begin(kOne, "later", 20s, {{"delay_ms", 300}});
  call(kOne, "describe");
  test::signal_process(pid, SIGKILL);
  EXPECT_EQ(test::within_a_minute(std::move(running)).code, Code::ok);
  EXPECT_NE(health(kOne).pid, pid);
  EXPECT_EQ(health(kOne).restarts, 1u);
}

TEST_F(FleetTest, CallThatMayHaveActedIsNotRepeated) {
  host_->has_acted = true;
  run(kOne);
  auto running = begin(kOne, "silent");
  call(kOne, "describe");
  test::signal_process(health(kOne).pid, SIGKILL);
  EXPECT_EQ(test::within_a_minute(std::move(running)).code, Code::outcome_unknown);
}

TEST_F(FleetTest, CrashedWorkerComesBackAfterABackOff) {
  run(kOne);
  const auto began = std::chrono::steady_clock::now();
  auto other = begin(kOne, "later", 20s, {{"delay_ms", 50}});
  auto crash = begin(kOne, "crash", 3s);
  EXPECT_EQ(test::within_a_minute(std::move(other)).code, Code::ok);  // innocent: repeated
  EXPECT_GE(std::chrono::steady_clock::now() - began, 400ms);
  EXPECT_EQ(test::within_a_minute(std::move(crash)).code, Code::internal);
}

// Alone in flight at its second counted death.
TEST_F(FleetTest, CallThatKillsTwiceAloneIsPoison) {
  run(kOne);
  const auto result = call(kOne, "crash");
  EXPECT_EQ(result.code, Code::internal);
  EXPECT_NE(result.message.json.find("supervisor.poison"), std::string::npos);
  EXPECT_EQ(call(kOne, "describe").code, Code::ok);
  EXPECT_EQ(health(kOne).restarts, 2u);
}

TEST_F(FleetTest, OverdueCallIsCancelledAndMayAnswer) {
  run(kOne);
  EXPECT_EQ(call(kOne, "until_cancelled", 100ms).code, Code::deadline);
  EXPECT_EQ(health(kOne).restarts, 0u);
}

TEST_F(FleetTest, CallThatOutlivesItsLimitCostsTheWorker) {
  run(kOne);
  const int pid = health(kOne).pid;
  EXPECT_EQ(call(kOne, "hang", 200ms).code, Code::deadline);
  EXPECT_FALSE(test::process_exists(pid));
  EXPECT_TRUE(becomes(kOne, Condition::ready));
  EXPECT_EQ(call(kOne, "describe").code, Code::ok);
}

TEST_F(FleetTest, CallWaitsForItsInstanceWithinItsLimit) {
  run(kOne);
  test::signal_process(health(kOne).pid, SIGKILL);
  EXPECT_EQ(call(kOne, "describe").code, Code::ok);
  EXPECT_EQ(machine_.run(fleet_.call(kTwo, port::Call("x:y", port::Message("{}")))).code, Code::unavailable);
}

TEST_F(FleetTest, LongRunningListenerIsNotRepeatedByUs) {
  run(kOne);
  auto listening = machine_.start(fleet_.call(kOne, port::Call("pb.listen/1:run", port::Message("{}"))));
  call(kOne, "describe");
  test::signal_process(health(kOne).pid, SIGKILL);
  EXPECT_EQ(test::within_a_minute(std::move(listening)).code, Code::unavailable);
}

TEST_F(FleetTest, HealthCountsCallsAndErrors) {
  run(kOne);
  for (int i = 0; i < 9; ++i) call(kOne, "describe");
  call(kOne, "bad_code");
  const auto seen = health(kOne);
  EXPECT_EQ(seen.condition, Condition::ready);
  EXPECT_EQ(seen.calls, 10u);
  EXPECT_EQ(seen.errors, 1u);
  EXPECT_GT(seen.p99, 0ms);
}

TEST_F(FleetTest, RunsInsideTheHostToo) {
  auto inside = spec(kOne);
  inside.in_process = true;
  machine_.run(fleet_.run(std::move(inside)));
  const auto said = json::parse(call(kOne, "describe").message.json);
  EXPECT_EQ(said.at("pid"), ::getpid());
  EXPECT_EQ(health(kOne).pid, 0);
}

TEST_F(FleetTest, LibraryThatCannotBeOpenedIsSaid) {
  auto broken = spec(kOne);
  auto manifest = std::make_shared<plugin::Manifest>(*broken.manifest);
  manifest->artefact = test::odd_library("missing_symbol");
  broken.manifest = manifest;
  try {
    machine_.run(fleet_.run(std::move(broken)));
    FAIL() << "it runs";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("frobnicate_the_widget"), std::string::npos) << error.what();
  }
}

// Back-off, quarantine and release by the clock.
struct StandingClock {
  ManualClock manual{TimePoint{std::chrono::milliseconds(1'700'000'000'000)}};
};
class QuarantineTest : protected StandingClock, public FleetTest {
 protected:
  QuarantineTest() : FleetTest(&manual) {}

  void die(const std::string& how = "abort") {
    ASSERT_TRUE(becomes(kOne, Condition::ready));
    auto dying = begin(kOne, how, 0s);
    ASSERT_TRUE(eventually([&] { return health(kOne).condition != Condition::ready; }));
    futures_.push_back(std::move(dying));
  }
  std::string said() {
    const auto seen = health(kOne);
    return std::string(condition_name(seen.condition)) + " after " + std::to_string(seen.restarts) +
           " restarts: " + seen.last_error;
  }
  // Lets time pass until the worker was started again so often.
  bool restarts(std::uint64_t count) {
    return eventually([&] {
      const auto seen = health(kOne);
      // Only over the back-off: a worker that starts takes real time, and its limits are by this clock.
      if (seen.condition == Condition::waiting) manual.advance(100ms);
      return seen.restarts == count;
    });
  }
  std::vector<std::future<port::Result>> futures_;
  int lease_ = 0;
};

TEST_F(QuarantineTest, RestartWaitsForTheBackOff) {
  run(kOne);
  die();
  EXPECT_EQ(health(kOne).condition, Condition::waiting);
  manual.advance(350ms);
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(health(kOne).condition, Condition::waiting);
  manual.advance(300ms);
  EXPECT_TRUE(eventually([&] { return health(kOne).restarts == 2u; }));  // its call ends it again: poison
  EXPECT_EQ(test::within_a_minute(std::move(futures_.front())).code, Code::internal);
}

TEST_F(QuarantineTest, FiveCountedDeathsInTenMinutes) {
  run(kOne);
  host_->has_acted = true;  // so that nothing is repeated
  for (int i = 0; i < 5; ++i) {
    die();
    if (i < 4) manual.advance(61s);
  }
  EXPECT_NE(test::within_a_minute(quarantined_.get_future()).find("quarantined"), std::string::npos);
  EXPECT_EQ(health(kOne).condition, Condition::quarantined);
  EXPECT_EQ(call(kOne, "describe").code, Code::unavailable);
  fleet_.release(kOne);
  EXPECT_TRUE(becomes(kOne, Condition::ready));
  EXPECT_EQ(call(kOne, "describe").code, Code::ok);
}

// It has done nothing yet: only its own two deaths make it poison.
TEST_F(QuarantineTest, CallThatOnlyWaitedForRoomIsNotSuspected) {
  calls_per_instance_ = 1;
  run(kOne);
  std::vector<std::future<port::Result>> calls;  // which of them goes first is open
  for (int i = 0; i < 2; ++i) calls.push_back(begin(kOne, "crash", 0s));
  const auto answered = [&] {
    return std::count_if(calls.begin(), calls.end(),
                         [](const auto& each) { return each.wait_for(0s) == std::future_status::ready; });
  };
  EXPECT_TRUE(restarts(2));
  EXPECT_TRUE(eventually([&] { return answered() == 1; }));
  EXPECT_TRUE(restarts(3));
  EXPECT_EQ(answered(), 1);
  EXPECT_TRUE(restarts(4));
  for (auto& each : calls) EXPECT_TRUE(test::within_a_minute(std::move(each)).poison);
}

TEST_F(QuarantineTest, AListenerThatEndsItsWorkerEachTimeIsLeftOutAndOthersGoOn) {  // HOST-5
  const auto listen = [&](Id id, const char* way) {
    const json body = {{"listener", "poll"}, {"lease", ++lease_}, {"misbehave", way}};
    return machine_.start(fleet_.call(id, port::Call("pb.listen/1:run", port::Message(body.dump()))));
  };
  const auto both_are_ready = [&] {
    return eventually([&] {
      if (health(kOne).condition == Condition::waiting) manual.advance(100ms);
      return health(kOne).condition == Condition::ready && health(kTwo).condition == Condition::ready;
    });
  };
  run(kOne);
  run(kTwo);
  auto good = listen(kTwo, "until_cancelled");
  auto bad = listen(kOne, "crash");
  EXPECT_EQ(test::within_a_minute(std::move(bad)).code, Code::unavailable);
  EXPECT_EQ(test::within_a_minute(std::move(good)).code, Code::unavailable);
  ASSERT_TRUE(both_are_ready()) << said();
  // One at a time: the second waits until the first has been steady.
  good = listen(kTwo, "until_cancelled");
  ASSERT_TRUE(eventually([&] { return health(kTwo).open == 1; }));
  bad = listen(kOne, "crash");
  EXPECT_EQ(bad.wait_for(200ms), std::future_status::timeout);
  EXPECT_EQ(call(kTwo, "describe", 0s).code, Code::ok);  // others are not held up
  manual.advance(5s);
  EXPECT_EQ(test::within_a_minute(std::move(bad)).code, Code::unavailable);  // either may have done it
  EXPECT_EQ(test::within_a_minute(std::move(good)).code, Code::unavailable);
  for (std::uint64_t death = 3; death < 8; ++death) {  // five that count would be too many
    ASSERT_TRUE(both_are_ready()) << said();
    bad = listen(kOne, "crash");
    EXPECT_TRUE(test::within_a_minute(std::move(bad)).poison);
    ASSERT_TRUE(both_are_ready()) << said();
    EXPECT_EQ(health(kOne).restarts, death);
  }
  good = listen(kTwo, "until_cancelled");
  manual.advance(5s);
  EXPECT_EQ(good.wait_for(200ms), std::future_status::timeout);
}

TEST_F(QuarantineTest, AccidentsDoNotCount) {
  run(kOne);
  for (std::uint64_t i = 1; i <= 7; ++i) {
    ASSERT_TRUE(becomes(kOne, Condition::ready)) << said();
    manual.advance(2s);
    test::signal_process(health(kOne).pid, SIGKILL);
    ASSERT_TRUE(eventually([&] { return health(kOne).restarts == i; }));
  }
  EXPECT_TRUE(becomes(kOne, Condition::ready)) << said();
}

TEST_F(QuarantineTest, AccidentRightAfterTheStartWaitsForABackOff) {
  run(kOne);
  test::signal_process(health(kOne).pid, SIGKILL);
  ASSERT_TRUE(becomes(kOne, Condition::waiting));
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(health(kOne).condition, Condition::waiting);
  manual.advance(500ms);
  EXPECT_TRUE(becomes(kOne, Condition::ready));
}

// Neither the plugin's doing: it is tried again, later each time.
TEST_F(QuarantineTest, ProcessThatCannotBeStartedDoesNotCount) {
  worker_ = "/nonexistent/patchbay-worker";
  Fleet elsewhere(options(manual));
  EXPECT_THROW(machine_.run(elsewhere.run(spec(kOne))), Error);
  for (int i = 0; i < 100; ++i) {
    manual.advance(5s);
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_EQ(machine_.run(elsewhere.health()).at(0).condition, Condition::waiting);
  machine_.run(elsewhere.stop());
}

TEST_F(QuarantineTest, DeathsOfLongAgoAreForgotten) {
  run(kOne);
  host_->has_acted = true;
  for (int i = 0; i < 6; ++i) {
    die();
    manual.advance(3min);
  }
  EXPECT_TRUE(becomes(kOne, Condition::ready));
}

}  // namespace
}  // namespace patchbay::supervisor
