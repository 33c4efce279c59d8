#include "bench/plugin_calls.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "port/support.hpp"

namespace patchbay::bench {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int kInstances = 4;
constexpr int kInFlight = 64;

std::string update_of(int number) {
  const auto id = std::to_string(number);
  return R"({"update_id":)" + id + R"(,"message":{"message_id":)" + id +
         R"(,"date":1795224417,"chat":{"id":5000000001,"type":"private","first_name":"Ana"},)"
         R"("from":{"id":5000000001,"is_bot":false,"first_name":"Ana","language_code":"de"},"text":")" +
         std::string(470, 'x') + R"("}})";
}

// Keeps `kInFlight` calls open until `total` are answered.
class Drive {
 public:
  Drive(std::vector<std::shared_ptr<port::Instance>> instances, int total)
      : instances_(std::move(instances)), total_(total) {}

  double per_second() {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kInFlight; ++i) next(static_cast<std::size_t>(i) % instances_.size());
    done_.get_future().get();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    return total_ / passed.count();
  }

 private:
  void next(std::size_t instance) {
    const int number = begun_.fetch_add(1);
    if (number >= total_) return;
    port::Message message(
        R"({"id":"5","route":"update","method":"POST","path":"/hooks/telegram/7/update","query":"",)"
        R"("received_at":"2026-07-01T09:30:00.250Z","headers":{"content-type":"application/json"}})",
        {update_of(number)});
    port::Call call("pb.webhook/1:process", std::move(message), {}, 10s);
    instances_[instance]->begin(std::move(call), [this, instance](port::Result result) {
      if (!result.ok() || result.message.json.find("message.received") == std::string::npos) failed_ = true;
      if (ended_.fetch_add(1) + 1 < total_) return next(instance);
      if (!failed_) return done_.set_value();
      done_.set_exception(std::make_exception_ptr(std::runtime_error("a call failed: " + result.text)));
    });
  }

  std::vector<std::shared_ptr<port::Instance>> instances_;
  const int total_;
  std::atomic<int> begun_{0};
  std::atomic<int> ended_{0};
  std::atomic<bool> failed_{false};
  std::promise<void> done_;
};

std::shared_ptr<port::Port> open(test::Machine& machine, bool remote) {
  const port::Expected expected("telegram", "0.1.0");
  const std::filesystem::path library = std::string(PB_TEST_BUILD_DIR) + "/plugins/telegram/telegram.so";
  const asio::any_io_executor executor = machine.context.get_executor();
  if (!remote) return port::open_local(port::LocalOptions(library, expected, executor, machine.clock));
  port::RemoteOptions options(test::worker_path(), library, expected, executor, machine.clock);
  return machine.run(port::start_remote(machine.spawner, std::move(options)));
}

double calls_per_second(bool remote, int total) {
  test::Machine machine(1);
  const auto host = std::make_shared<test::FakeHost>();
  const auto port = open(machine, remote);
  std::vector<std::shared_ptr<port::Instance>> instances;
  for (int i = 0; i < kInstances; ++i) instances.push_back(machine.run(port->open("telegram", host)));
  Drive(instances, total / 10).per_second();
  const double figure = Drive(instances, total).per_second();
  for (auto& instance : instances) machine.run(instance->close());
  machine.run(port->stop(2s));
  return figure;
}

}  // namespace

Figure plugin_calls(const Settings& settings) {
  const int total = settings.seconds * 10'000;
  std::vector<Figure> rounds;
  for (int i = 0; i < settings.rounds; ++i) {
    const double local = calls_per_second(false, total);
    rounds.emplace_back("S6", "plugin call through a worker, 64 in flight", "calls/s",
                        calls_per_second(true, total));
    rounds.back().against("in process", local, 0.8, 0.95);
  }
  return middle(std::move(rounds));
}

}  // namespace patchbay::bench
