// What only a worker can do to us: die, hang, send garbage (HOST-5).
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "port/subject.hpp"
#include "port/wire.hpp"

namespace patchbay::test {
namespace {

class WorkerProcess : public testing::Test {
 protected:
  WorkerProcess() {
    bench.port->on_death([this](const port::Death& death) { died.set_value(death); });
  }
  port::Death death() { return died.get_future().get(); }

  std::promise<port::Death> died;
  Bench bench{Subject("misbehave", "misbehave", true)};
};

TEST_F(WorkerProcess, ThatCrashesAnswersItsOpenCalls) {
  auto waiting = bench.begin_act("silent");
  bench.act("describe");
  const auto result = bench.act("crash");
  EXPECT_EQ(result.code, Code::unavailable);
  EXPECT_TRUE(result.lost);
  EXPECT_EQ(waiting.get().code, Code::unavailable);
  const auto end = death();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
#ifndef PB_SANITIZED
  EXPECT_EQ(end.signal, SIGSEGV);
#endif
}

TEST_F(WorkerProcess, ThatDiesAfterACallActedAnswersOutcomeUnknown) {
  bench.host->has_acted = true;
  EXPECT_EQ(bench.act("abort").code, Code::outcome_unknown);
}

// What was asked is cancelled first: what it starts after the question would be started twice.
TEST_F(WorkerProcess, ThatDiesLosesItsRequestsBeforeItIsAskedWhatActed) {
  bench.host->hold = true;
  auto asking = bench.begin_act("ask");
  ASSERT_TRUE(eventually([this] { return bench.host->waiting() == 1; }));
  bench.act("crash");
  const auto lines = bench.host->lines();
  const auto cancel = std::find(lines.begin(), lines.end(), "cancel");
  EXPECT_LT(cancel, std::find(lines.begin(), lines.end(), "acted"));
}

TEST_F(WorkerProcess, CallThatOnlyWaitedForRoomIsLostUntouched) {
  std::vector<std::future<port::Result>> inside;
  for (int i = 0; i < 16; ++i) inside.push_back(bench.begin_act("silent"));
  auto waiting = bench.begin_act("describe");
  bench.call("pb.lifecycle/1:health");
  signal_process(bench.port->pid(), SIGKILL);
  EXPECT_FALSE(inside.front().get().untouched);
  const auto result = waiting.get();
  EXPECT_TRUE(result.lost);
  EXPECT_TRUE(result.untouched);
}

TEST_F(WorkerProcess, ThatExitsWithAnErrorCountsAgainstThePlugin) {
  EXPECT_EQ(bench.act("exit").code, Code::unavailable);
  const auto end = death();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_EQ(end.exit_code, 7);
}

TEST_F(WorkerProcess, ThatSomebodyElseKillsIsAnAccident) {
  signal_process(bench.port->pid(), SIGKILL);
  EXPECT_EQ(death().kind, port::Death::Kind::accident);
  EXPECT_EQ(bench.act("describe").code, Code::unavailable);
}

TEST_F(WorkerProcess, ThatExitsUnaskedCountsAgainstThePlugin) {
  EXPECT_EQ(bench.act("exit", {{"code", 0}}).code, Code::unavailable);
  EXPECT_EQ(death().kind, port::Death::Kind::plugin);
}

TEST(WorkerMemory, KernelThatEndsItForMemoryCountsAgainstThePlugin) {
  const auto vmstat = std::filesystem::path(testing::TempDir()) / ("vmstat" + std::to_string(::getpid()));
  std::ofstream(vmstat) << "nr_free_pages 5\noom_kill 1\n";
  Machine machine;
  port::RemoteOptions options(worker_path(), plugin_library("misbehave"),
                              port::Expected("misbehave", "0.1.0"), machine.context.get_executor(),
                              machine.clock);
  options.vmstat = vmstat;
  const auto port = machine.run(port::start_remote(machine.spawner, std::move(options)));
  std::promise<port::Death> died;
  port->on_death([&](const port::Death& death) { died.set_value(death); });
  std::ofstream(vmstat) << "nr_free_pages 5\noom_kill 2\n";
  signal_process(port->pid(), SIGKILL);
  const auto end = died.get_future().get();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("memory"), std::string::npos);
  std::filesystem::remove(vmstat);
}

std::shared_ptr<port::Port> start_small(Machine& machine, std::uint64_t memory) {
  port::RemoteOptions options(worker_path(), plugin_library("misbehave"),
                              port::Expected("misbehave", "0.1.0"), machine.context.get_executor(),
                              machine.clock);
  options.ping_every = 50ms;
  options.rights.memory = memory;
  return machine.run(port::start_remote(machine.spawner, std::move(options)));
}

TEST(WorkerMemory, MoreThanIsAllowedEndsIt) {  // HOST-5
  Machine machine;
  const auto port = start_small(machine, 128u << 20);
  std::promise<port::Death> died;
  port->on_death([&](const port::Death& death) { died.set_value(death); });
  const auto instance = machine.run(port->open("misbehave", std::make_shared<FakeHost>()));
  instance->begin(port::Call("pb.x/1:y", port::Message(R"({"misbehave":"memory","bytes":268435456})")),
                  [](auto) {});
  const auto end = died.get_future().get();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("128 MiB are allowed"), std::string::npos) << end.cause;
}

// HOST-5: also outside of calls, where no time limit ends it.
TEST(WorkerProcessor, MoreThanIsAllowedEndsIt) {
  Machine machine;
  port::RemoteOptions options(worker_path(), plugin_library("misbehave"),
                              port::Expected("misbehave", "0.1.0"), machine.context.get_executor(),
                              machine.clock);
  options.ping_every = 50ms;
  options.rights.cpu_percent = 20;
  options.rights.cpu_window = 500ms;
  const auto port = machine.run(port::start_remote(machine.spawner, std::move(options)));
  std::promise<port::Death> died;
  auto death = died.get_future();
  port->on_death([&](const port::Death& end) { died.set_value(end); });
  const auto instance = machine.run(port->open("misbehave", std::make_shared<FakeHost>()));
  EXPECT_EQ(death.wait_for(2s), std::future_status::timeout) << "idle, it takes nothing";
  machine.run(instance->call(port::Call("pb.x/1:y", port::Message(R"({"misbehave":"burn"})"))));
  const auto end = within_a_minute(std::move(death));
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("20 % are allowed"), std::string::npos) << end.cause;
}

#ifndef PB_SANITIZED
TEST(WorkerMemory, MuchMoreIsNotEvenGiven) {
  Machine machine;
  const auto port = start_small(machine, 64u << 20);
  const auto instance = machine.run(port->open("misbehave", std::make_shared<FakeHost>()));
  port::Call call("pb.x/1:y", port::Message(R"({"misbehave":"memory","bytes":1073741824})"));
  EXPECT_EQ(body_of(machine.run(instance->call(std::move(call)))).at("got"), false);
  machine.run(instance->close());
}
#endif

TEST_F(WorkerProcess, ThatHangsIsKilledByUs) {
  auto waiting = bench.begin_act("hang");
  bench.port->kill("a call outlived its limit");
  EXPECT_EQ(waiting.get().code, Code::unavailable);
  const auto end = death();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("outlived"), std::string::npos);
}

TEST_F(WorkerProcess, ThatSendsGarbageIsKilledWithTheReason) {
  bench.act("wire", {{"bytes", std::string(64, '!')}});
  const auto end = death();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("garbage"), std::string::npos) << end.cause;
}

TEST_F(WorkerProcess, ThatClosesItsLineIsEnded) {
  EXPECT_EQ(bench.act("close_wire").code, Code::unavailable);
  EXPECT_NE(death().kind, port::Death::Kind::asked);
}

TEST_F(WorkerProcess, LeavesWhenAskedAndIsReaped) {
  const auto pid = bench.port->pid();
  bench.close();
  bench.machine.run(bench.port->stop(2s));
  EXPECT_EQ(death().kind, port::Death::Kind::asked);
  EXPECT_FALSE(process_exists(pid));
}

std::shared_ptr<port::Port> start_pinged(Machine& machine, const std::filesystem::path& worker) {
  port::RemoteOptions options(worker, plugin_library("misbehave"), port::Expected("misbehave", "0.1.0"),
                              machine.context.get_executor(), machine.clock);
  options.ping_every = 100ms;
  options.pong_within = 500ms;
  return machine.run(port::start_remote(machine.spawner, std::move(options)));
}

TEST(WorkerPing, BusyWorkerIsNotTakenForDead) {
  Machine machine;
  const auto port = start_pinged(machine, worker_path());
  const auto instance = machine.run(port->open("misbehave", std::make_shared<FakeHost>()));
  port::Call sleep("pb.x/1:y", port::Message(R"({"misbehave":"sleep","ms":1000})"));
  EXPECT_EQ(machine.run(instance->call(std::move(sleep))).code, Code::ok);
  machine.run(instance->close());
}

TEST(WorkerPing, SilenceEndsAStoppedWorker) {
  Machine machine;
  const auto port = start_pinged(machine, worker_path());
  std::promise<port::Death> died;
  port->on_death([&](const port::Death& death) { died.set_value(death); });
  std::this_thread::sleep_for(800ms);  // pings are answered meanwhile
  ASSERT_TRUE(process_exists(port->pid()));
  signal_process(port->pid(), SIGSTOP);
  const auto end = died.get_future().get();
  EXPECT_EQ(end.kind, port::Death::Kind::plugin);
  EXPECT_NE(end.cause.find("no ping"), std::string::npos) << end.cause;
}

// A worker made of a script: it says hello, then `frame` again and again, and reads nothing.
std::filesystem::path script_worker(const port::wire::Frame& frame) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("worker" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::string hello;
  std::string again;
  port::wire::append(hello, port::wire::hello_frame(port::Hello()));
  port::wire::append(again, frame);
  std::ofstream(folder / "hello") << hello;
  std::ofstream(folder / "again") << again;
  const auto path = folder / "worker";
  std::ofstream(path) << "#!/bin/sh\ncd \"${0%/*}\" && cat hello >&3\n"
                      << "while cat again >&3; do sleep 0.05; done\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST(WorkerPing, OnlyAnAnswerToAPingIsASignOfLife) {
  Machine machine;
  const auto worker = script_worker(port::wire::Frame(port::wire::Kind::pong, 0, 999));
  const auto port = start_pinged(machine, worker);
  std::promise<port::Death> died;
  port->on_death([&](const port::Death& death) { died.set_value(death); });
  auto end = died.get_future();
  ASSERT_EQ(end.wait_for(5s), std::future_status::ready);
  EXPECT_NE(end.get().cause.find("no ping"), std::string::npos);
  std::filesystem::remove_all(worker.parent_path());
}

TEST(WorkerErrors, StandardErrorGoesToTheJournal) {
  std::mutex mutex;
  std::string all;
  Machine machine;
  const Subject subject("misbehave", "misbehave", true);
  const auto port = open_port(machine, subject, [&](int, const std::string& text) {
    const std::lock_guard lock(mutex);
    all += text + "\n";
  });
  const auto host = std::make_shared<FakeHost>();
  const auto instance = machine.run(port->open("misbehave", host));
  port::Call request("pb.x/1:y", port::Message(R"({"misbehave":"stderr"})"));
  machine.run(instance->call(std::move(request)));
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return all.find("stderr: misbehave says hello") != all.npos;
  }));
  machine.run(instance->close());
}

// In a sandbox it could not start the child that goes on writing.
TEST(WorkerWithoutSandbox, ThatLeavesAWriterBehindEndsAllTheSame) {
  Machine machine;
  std::promise<port::Death> died;
  const auto port = open_without_sandbox(machine, Subject("misbehave", "misbehave", true));
  port->on_death([&](const port::Death& death) { died.set_value(death); });
  const auto instance = machine.run(port->open("misbehave", std::make_shared<FakeHost>()));
  instance->begin(port::Call("pb.x/1:y", port::Message(R"({"misbehave":"endless_stderr"})")), [](auto) {});
  EXPECT_EQ(died.get_future().wait_for(5s), std::future_status::ready);
}

#ifndef PB_SANITIZED
std::string output_of(const std::string& command) {
  std::string text;
  auto* pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  ::pclose(pipe);
  return text;
}

TEST(WorkerExecutable, NeedsOnlyLibc) {
  const auto needed = output_of("readelf -d " + worker_path().string() + " | grep NEEDED");
  EXPECT_EQ(needed.find("libstdc++"), std::string::npos) << needed;
  EXPECT_EQ(needed.find("libgcc"), std::string::npos) << needed;
  EXPECT_EQ(needed.find("spdlog"), std::string::npos) << needed;
}

TEST(WorkerExecutable, ExportsNoFunction) {
  const auto exported = output_of("nm -D --defined-only " + worker_path().string());
  EXPECT_EQ(exported.find(" T "), std::string::npos) << exported;
  EXPECT_EQ(exported.find(" W "), std::string::npos) << exported;
  EXPECT_EQ(exported.find(" u "), std::string::npos) << exported;
}

// S7: private memory of an idle worker; 1 MB is the first figure, for a release build. Zero: only root may
// read it.
TEST_F(WorkerProcess, StaysSmallWhileIdle) {
  bench.act("describe");
  std::ifstream rollup("/proc/" + std::to_string(bench.port->pid()) + "/smaps_rollup");
  std::string word;
  long kilobytes = 0;
  while (rollup >> word) {
    long value = 0;
    if ((word == "Private_Clean:" || word == "Private_Dirty:") && rollup >> value) kilobytes += value;
  }
  RecordProperty("private_kb", std::to_string(kilobytes));
  std::printf("idle worker: %ld kB private\n", kilobytes);
  EXPECT_LT(kilobytes, 6000);
}
#endif

}  // namespace
}  // namespace patchbay::test
