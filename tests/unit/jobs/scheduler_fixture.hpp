#pragma once

#include "jobs/scheduler.hpp"

#include <algorithm>
#include <deque>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "jobs/jobs.hpp"
#include "jobs/page.hpp"
#include "plugin/integrations.hpp"
#include "plugin/pauses.hpp"
#include "plugin/profiles.hpp"
#include "support/databases.hpp"

namespace patchbay::jobs {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr Id kMailbox = 7;
constexpr Id kOther = 8;

// Stands for plugins: notes each run and answers as told, else waits until it is cancelled or let go.
class FakeCaller final : public plugin::Caller {
 public:
  explicit FakeCaller(Clock& clock) : clock_(clock) {}

  asio::awaitable<port::Result> call(Id integration, port::Call call) override {
    auto request = json::parse(call.message.json);
    request["integration"] = integration;
    request["timeout"] = call.timeout.count();
    runs.push_back(request);
    ++running;
    most = std::max(most, running);
    const Count count(running);
    while (!let_go && answers.empty()) co_await clock_.sleep(5ms);
    if (answers.empty()) co_return port::Result(port::Message(R"({"more": false})"));
    auto result = answers.front();
    answers.pop_front();
    co_return result;
  }

  std::vector<json> runs;
  std::deque<port::Result> answers;
  bool let_go = true;
  int running = 0;
  int most = 0;

 private:
  struct Count {
    explicit Count(int& n) : running(n) {}
    ~Count() { --running; }
    int& running;
  };

  Clock& clock_;
};

class SchedulerTest : public ::testing::TestWithParam<support::Database> {
 protected:
  SchedulerTest() {
    for (const auto id : {kMailbox, kOther}) {
      plugin::Integration integration;
      integration.id = id;
      integration.plugin = "acme";
      integration.state = plugin::State::active;
      store_->write_now(
          [&](store::Session& session) { plugin::Integrations().insert(session, integration); });
    }
    start();
  }
  ~SchedulerTest() override { stop(); }

  static plugin::JobSpec every(const std::string& id, Duration interval) {
    plugin::JobSpec spec;
    spec.id = id;
    spec.schedule = schedule::Schedule::every(interval, 0ms);
    return spec;
  }
  static plugin::JobSpec on_demand(const std::string& id) {
    plugin::JobSpec spec;
    spec.id = id;
    return spec;
  }

  void start() {
    Scheduler::Reports reports;
    reports.trouble = [this](Id id, const std::string& job, Code code, std::string text) {
      said.push_back(to_string_id(id) + " " + job + " " + std::string(code_name(code)) + " " + text);
    };
    reports.well = [this](Id, const std::string& job) { well.push_back(job); };
    reports.unauthenticated = [this](Id, std::string text) { said.push_back("sign in again " + text); };
    Scheduler::Options options;
    options.per_integration = 2;
    options.running = 3;
    scheduler_ =
        std::make_unique<Scheduler>(Scheduler::Parts{io_.get_executor(), clock_, ids_, *store_, caller_,
                                                     metrics_, log::Logger::none(), reports},
                                    options);
    scheduler_->start();
  }
  void stop() {
    if (!scheduler_) return;
    wait(scheduler_->stop());
    scheduler_.reset();
  }

  template <class T>
  T wait(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    reach([&] { return future.wait_for(0s) == std::future_status::ready; });
    return future.get();
  }
  // Lets time pass until it holds: a minute of the clock's at most.
  template <class F>
  bool reach(F holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) {
      io_.restart();
      io_.run_for(1ms);
      if (!holds()) clock_.advance(50ms);
    }
    return holds();
  }
  void pass(Duration time) {
    const auto end = clock_.now() + time;
    reach([&] { return clock_.now() >= end; });
  }
  bool runs(std::size_t count) {
    return reach([&] { return caller_.runs.size() >= count && caller_.running == 0; }) && settled();
  }
  bool settled() {
    return reach([&] {
      for (const auto& job : all())
        if (job.run) return false;
      return true;
    });
  }
  void begin(std::vector<plugin::JobSpec> specs, Id id = kMailbox) {
    auto manifest = std::make_shared<plugin::Manifest>();
    manifest->id = "acme";
    manifest->version = "1.0.0";
    manifest->jobs = std::move(specs);
    plugin::Integration integration;
    integration.id = id;
    scheduler_->begin(integration, manifest);
  }
  std::vector<Job> all() { return wait_now(jobs_.list({})); }
  template <class T>
  T wait_now(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    while (future.wait_for(0s) != std::future_status::ready) {
      io_.restart();
      io_.run_one_for(1s);
    }
    return future.get();
  }
  Job job(const std::string& name = "history") {
    for (auto& each : all())
      if (each.name == name) return each;
    return Job();
  }
  std::vector<std::string> endings(const std::string& name = "history") {
    std::vector<std::string> out;
    for (const auto& run : wait_now(jobs_.runs(job(name).id, 0, 100))) out.push_back(run.ending);
    return out;
  }
  Code store(std::int64_t lease, const char* checkpoint, const std::string& name = "history") {
    Page page;
    page.integration = kMailbox;
    page.job = name;
    page.lease = lease;
    page.checkpoint = checkpoint;
    try {
      PageCounts counts;
      counts.records = 3;
      store_->write_now([&](store::Session& session) { store_page(session, page, counts, clock_.now()); });
      return Code::ok;
    } catch (const Error& error) {
      return error.code();
    }
  }

  asio::io_context io_;
  ManualClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
  support::FreshDatabase database_{GetParam()};
  std::unique_ptr<store::Store> store_ = database_.open();
  IdMint ids_{clock_};
  metrics::Registry metrics_;
  FakeCaller caller_{clock_};
  std::vector<std::string> said;
  std::vector<std::string> well;
  std::unique_ptr<Scheduler> scheduler_;
  Jobs jobs_{*store_, clock_, [this] { scheduler_->look(); }};
};

using Words = std::vector<std::string>;

}  // namespace patchbay::jobs
