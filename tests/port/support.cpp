#include "port/support.hpp"

#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <gtest/gtest.h>

namespace patchbay::test {

void FakeHost::ask(std::uint64_t id, port::Call call, Reply reply) {
  if (on_ask) return on_ask(std::move(call), std::move(reply));
  if (hold) {
    const std::lock_guard lock(mutex_);
    held_.emplace(id, std::move(reply));
    return;
  }
  reply(port::Result(port::Message("{\"asked\":\"" + call.method + "\"}", std::move(call.message.blobs))));
}

void FakeHost::cancel(std::uint64_t id) {
  Reply reply;
  {
    const std::lock_guard lock(mutex_);
    lines_.push_back("cancel");
    const auto found = held_.find(id);
    if (found == held_.end() || !answers_cancelled) return;
    reply = std::move(found->second);
    held_.erase(found);
  }
  reply(port::Result(Code::cancelled, "cancelled by the plugin"));
}

void FakeHost::log(int level, std::string text, std::string) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::to_string(level) + " " + text);
}

void FakeHost::define_metric(std::uint64_t handle, int kind, std::string name, std::string,
                             std::string labels) {
  const std::lock_guard lock(mutex_);
  lines_.push_back("define " + std::to_string(handle) + " " + std::to_string(kind) + " " + name + " " +
                   labels);
}

void FakeHost::record_metric(std::uint64_t handle, double value, std::string label_values) {
  const std::lock_guard lock(mutex_);
  lines_.push_back("record " + std::to_string(handle) + " " + std::to_string(value) + " " + label_values);
}

bool FakeHost::acted(const std::string&, std::chrono::nanoseconds) {
  const std::lock_guard lock(mutex_);
  lines_.push_back("acted");
  return has_acted;
}

std::vector<std::string> FakeHost::lines() {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool FakeHost::hears(const std::string& part) {
  return eventually([&] {
    for (const auto& line : lines()) {
      if (line.find(part) != line.npos) return true;
    }
    return false;
  });
}

std::size_t FakeHost::waiting() {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void FakeHost::answer_all(const port::Result& result) {
  std::map<std::uint64_t, Reply> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(held_);
  }
  for (auto& [id, reply] : all) reply(result);
}

Machine::Machine(int threads) : work_(boost::asio::make_work_guard(context)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { context.run(); });
}

Machine::~Machine() {
  work_.reset();
  for (auto& thread : threads_) thread.join();
}

std::filesystem::path worker_path() {
  return PB_TEST_BUILD_DIR "/bin/patchbay-worker";
}

std::filesystem::path plugin_library(const std::string& name) {
  const std::filesystem::path build = PB_TEST_BUILD_DIR;
  const auto ours = build / "plugins" / name / (name + ".so");
  return std::filesystem::exists(ours) ? ours : build / "test_plugins" / name / (name + ".so");
}

std::filesystem::path odd_library(const std::string& way) {
  return std::filesystem::path(PB_TEST_BUILD_DIR) / "test_plugins" / "odd" / (way + ".so");
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

void report_hang() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::fprintf(stderr, "%s.%s waits in vain for a minute\n", test == nullptr ? "?" : test->test_suite_name(),
               test == nullptr ? "?" : test->name());
  std::abort();
}

void signal_process(int pid, int signal) {
  if (pid <= 1) throw std::runtime_error("no process to signal: its pid is " + std::to_string(pid));
  ::kill(pid, signal);
}

bool process_exists(int pid) {
  return ::kill(pid, 0) == 0 || errno != ESRCH;
}

}  // namespace patchbay::test
