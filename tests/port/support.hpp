#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>

#include "base/clock.hpp"
#include "port/local.hpp"
#include "port/remote.hpp"

namespace patchbay::test {

using namespace std::chrono_literals;

// The host as instances see it. Answers every request with {"asked": method} unless `on_ask` says otherwise.
class FakeHost final : public port::HostSide {
 public:
  void ask(std::uint64_t id, port::Call call, Reply reply) override;
  void cancel(std::uint64_t id) override;
  void log(int level, std::string text, std::string fields) override;
  void define_metric(std::uint64_t handle, int kind, std::string name, std::string help,
                     std::string labels) override;
  void record_metric(std::uint64_t handle, double value, std::string label_values) override;
  bool acted(const std::string& trace, std::chrono::nanoseconds since) override;
  void instance_ended() override { ++ended; }

  std::vector<std::string> lines();
  // Waits until some log line holds `part`.
  bool hears(const std::string& part);
  std::size_t waiting();
  // Answers what was held back.
  void answer_all(const port::Result& result);

  std::function<void(port::Call, Reply)> on_ask;
  bool hold = false;  // keep requests open until answer_all or a cancellation
  bool has_acted = false;
  std::atomic<int> ended = 0;  // instances
  bool answers_cancelled = true;

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::map<std::uint64_t, Reply> held_;
};

// Ends the process with the name of the test: what it waits for does not come, and its clock may stand still.
[[noreturn]] void report_hang();

template <class T>
T within_a_minute(std::future<T> future) {
  if (future.wait_for(60s) != std::future_status::ready) report_hang();
  return future.get();
}

// Threads that run coroutines of a test, with real time. Everything that a test opens is gone before it.
class Machine {
 public:
  explicit Machine(int threads = 2);
  ~Machine();

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return within_a_minute(start(std::move(task)));
  }
  template <class T>
  std::future<T> start(boost::asio::awaitable<T> task) {
    return boost::asio::co_spawn(boost::asio::make_strand(context), std::move(task), boost::asio::use_future);
  }

  boost::asio::io_context context;
  SystemClock clock;
  port::Spawner spawner;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::thread> threads_;
};

std::filesystem::path worker_path();
// "misbehave" -> the library that the build made.
std::filesystem::path plugin_library(const std::string& name);
std::filesystem::path odd_library(const std::string& way);

// Waits up to ten seconds, asking again and again.
bool eventually(const std::function<bool()>& holds);

// Throws for a pid that names no single process: 0 and -1 would end the test run itself.
void signal_process(int pid, int signal);
bool process_exists(int pid);

}  // namespace patchbay::test
