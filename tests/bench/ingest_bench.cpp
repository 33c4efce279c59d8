// S1 and S2: webhooks answered after their durable commit, against the same listener with the same checks and
// no store.
//   ingest_bench [seconds a round, 3] [rounds, 3] [connections, 64] [threads, those of the machine]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "hooks/ingress.hpp"
#include "store/migrate.hpp"
#include "support/postgres_server.hpp"
#include "support/temp_folder.hpp"
#include "web/hooks_adapter.hpp"
#include "web/http_server.hpp"

namespace patchbay::bench {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Id kIntegration = 7;

struct Settings {
  int seconds = 3;
  int rounds = 3;
  int connections = 64;
  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
};

struct Figure {
  double per_second = 0;
  std::string p50;
  std::string p99;
  bool clean = true;
};

// Threads that run an io_context, as the host does.
class Engine {
 public:
  explicit Engine(int threads) : io(threads), guard_(io.get_executor()) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~Engine() {
    guard_.reset();
    for (auto& thread : threads_) thread.join();
  }
  asio::io_context io;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::vector<std::thread> threads_;
};

hooks::Mount mount() {
  plugin::RouteSpec spec;
  spec.id = "update";
  spec.verify = R"({"type":"header-equals","header":"x-token","secret":"secret:hook"})";
  spec.order = {"/message/chat/id"};
  spec.dedupe = {"/update_id"};
  hooks::Mount made(kIntegration, "bench",
                    [](const std::string&) { return std::vector<std::string>{"s3cret"}; });
  made.add(std::move(spec));
  return made;
}

// The same listener and the same checks, and then nothing: what the store costs is the difference.
class WithoutStore final : public web::Application {
 public:
  explicit WithoutStore(const hooks::RouteTable& routes) : routes_(routes) {}
  web::BodyPlan plan(const web::Request&) override { return web::BodyPlan(1u << 20); }
  asio::awaitable<web::Response> handle(web::Request request) override {
    const auto route = routes_.find(request.path());
    hooks::Request inner(request.method, std::string(request.path()));
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      inner.headers.emplace_back(request.headers[i].first, request.headers[i].second);
    }
    inner.body = std::move(request.body);
    const hooks::Verifier::Context context(route->address, clock_.now());
    if (!route->verifier->accepts(inner, context)) co_return web::Response(401);
    const auto keys = route->keys.read(inner);
    co_return web::Response(keys.order && keys.dedupe ? 200 : 500);
  }

 private:
  const hooks::RouteTable& routes_;
  SystemClock clock_;
};

// wrk, with bodies of 700 bytes that are all different and belong to 1,000 conversations.
class Load {
 public:
  Load() : script_(folder_ / "load.lua") {
    std::ofstream(script_) << R"(
local n = tonumber(os.getenv("PB_BENCH_FIRST"))
local pad = string.rep("x", 580)
request = function()
  n = n + 1
  local body = string.format('{"update_id":%d,"message":{"message_id":%d,"chat":{"id":%d,"type":"private"},"text":"%s"}}',
                             n, n, n % 1000, pad)
  return wrk.format("POST", nil, {["X-Token"] = "s3cret", ["Content-Type"] = "application/json"}, body)
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("FIGURE %f %f %f %d\n", summary.requests / summary.duration * 1e6,
           latency:percentile(50) / 1000, latency:percentile(99) / 1000,
           e.connect + e.read + e.write + e.status + e.timeout))
end
)";
  }

  Figure run(std::uint16_t port, const Settings& settings, int seconds) {
    first_ += 10'000'000;
    const std::string command = "PB_BENCH_FIRST=" + std::to_string(first_) + " wrk -t1 -c" +
                                std::to_string(settings.connections) + " -d" + std::to_string(seconds) +
                                "s -s " + script_ + " http://127.0.0.1:" + std::to_string(port) +
                                "/hooks/bench/7/update";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) throw std::runtime_error("cannot start wrk");
    char line[512];
    while (std::fgets(line, sizeof line, pipe.get())) {
      double rate = 0, p50 = 0, p99 = 0;
      int errors = 0;
      if (std::sscanf(line, "FIGURE %lf %lf %lf %d", &rate, &p50, &p99, &errors) != 4) continue;
      Figure figure;
      figure.per_second = rate;
      figure.p50 = std::to_string(p50).substr(0, 5);
      figure.p99 = std::to_string(p99).substr(0, 5);
      figure.clean = errors == 0;
      return figure;
    }
    throw std::runtime_error("wrk gave no figures (is it installed?)");
  }

 private:
  support::TempFolder folder_;
  std::string script_;
  long long first_ = 0;
};

// One server of a kind, up for the length of a round.
Figure serve(Engine& engine, web::Application& application, Load& load, const Settings& settings) {
  SystemClock clock;
  web::HttpServer server(engine.io.get_executor(), clock, log::Logger::none(), web::HttpServer::Options(),
                         application);
  server.start();
  load.run(server.port(), settings, 1);
  const auto figure = load.run(server.port(), settings, settings.seconds);
  asio::co_spawn(engine.io, server.stop(2s), asio::use_future).get();
  return figure;
}

Figure without_store(Load& load, const Settings& settings) {
  Engine engine(settings.threads);
  hooks::RouteTable routes("http://127.0.0.1");
  routes.mount(mount());
  WithoutStore application(routes);
  return serve(engine, application, load, settings);
}

Figure with_store(const std::string& url, Load& load, const Settings& settings) {
  store::Store::Options options;
  options.url = url;
  const auto store = store::Store::open(options, log::Logger::none());
  store::migrate(*store);
  SystemClock clock;
  IdMint mint(clock);
  hooks::Counters counters;
  hooks::RouteTable routes("http://127.0.0.1");
  routes.mount(mount());
  Engine engine(settings.threads);
  hooks::InboxCommitter committer(*store, mint, engine.io.get_executor(), counters, log::Logger::none());
  hooks::Ingress ingress(routes, committer, clock, counters, log::Logger::none());
  web::HooksAdapter adapter(ingress);
  auto figure = serve(engine, adapter, load, settings);
  committer.stop();
  const auto rows = store->read_now([](store::Session& session) {
    return session.query_one("select cast(count(*) as bigint) from inbox")->integer(0);
  });
  if (static_cast<std::uint64_t>(rows) != counters.stored) throw std::runtime_error("rows are missing");
  std::printf("    %llu rows in %llu commits\n", static_cast<unsigned long long>(counters.stored),
              static_cast<unsigned long long>(counters.batches));
  return figure;
}

// What a commit waits for at least, where the databases lie: without it the figures say little about a busy
// disk.
double fdatasync_ms() {
  support::TempFolder folder;
  const int file = ::open((folder / "sync").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot write to the temporary folder");
  const std::string page(16384, 'x');
  std::vector<double> took;
  for (int i = 0; i < 101; ++i) {
    const auto before = std::chrono::steady_clock::now();
    if (::write(file, page.data(), page.size()) < 0 || ::fdatasync(file) != 0)
      throw std::runtime_error("cannot sync");
    took.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
  }
  ::close(file);
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

struct Round {
  Figure bare;
  Figure postgresql;
  Figure sqlite;
};

// The round in the middle, by its ratio to the baseline of the same round: a busy minute of the machine meets
// both.
const Round& middle(std::vector<Round>& rounds, Figure Round::*figure) {
  const auto ratio = [figure](const Round& round) {
    return (round.*figure).per_second / round.bare.per_second;
  };
  std::sort(rounds.begin(), rounds.end(),
            [&](const Round& a, const Round& b) { return ratio(a) < ratio(b); });
  return rounds[rounds.size() / 2];
}

void print(const char* name, const Figure& figure, double baseline, const char* wanted) {
  if (!figure.clean) throw std::runtime_error("requests failed");
  std::printf("| %-28s | %8.0f | %8.0f | %6s | %6s | %5.2f | %-7s |\n", name, figure.per_second, baseline,
              figure.p50.c_str(), figure.p99.c_str(), figure.per_second / baseline, wanted);
}

void run(const Settings& settings) {
  support::PostgresServer postgres({"-c", "fsync=on", "-c", "synchronous_commit=on"});
  Load load;
  std::vector<Round> rounds;
  const double sync_before = fdatasync_ms();
  for (int i = 0; i < settings.rounds; ++i) {
    const std::string name = "round" + std::to_string(i);
    support::TempFolder folder;
    postgres.command("postgres", "create database " + name);
    Round& round = rounds.emplace_back();
    round.bare = without_store(load, settings);
    round.postgresql = with_store(postgres.url(name), load, settings);
    round.sqlite = with_store("sqlite:" + (folder / "bench.db"), load, settings);
  }
  std::printf(
      "the middle of %d rounds of %d s, %d connections, %d threads, 700 bytes; baseline: same listener and\n"
      "checks, no store, same round\n",
      settings.rounds, settings.seconds, settings.connections, settings.threads);
  std::printf("fdatasync: %.2f ms before, %.2f ms after\n", sync_before, fdatasync_ms());
  std::printf("| what                         |    req/s | baseline | p50 ms | p99 ms | ratio | first   |\n");
  std::printf("| ---------------------------- | -------: | -------: | -----: | -----: | ----: | ------- |\n");
  const Round s1 = middle(rounds, &Round::postgresql);
  print("S1 PostgreSQL, fsync", s1.postgresql, s1.bare.per_second, ">= 0.35");
  const Round s2 = middle(rounds, &Round::sqlite);
  print("S2 SQLite, synchronous FULL", s2.sqlite, s2.bare.per_second, ">= 0.5");
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);
  patchbay::bench::Settings settings;
  int* const wanted[] = {&settings.seconds, &settings.rounds, &settings.connections, &settings.threads};
  for (int i = 1; i < argc && i <= 4; ++i) {
    *wanted[i - 1] = std::atoi(argv[i]);
    if (*wanted[i - 1] < 1)
      throw std::runtime_error("usage: ingest_bench [seconds] [rounds] [connections] [threads]");
  }
  patchbay::bench::run(settings);
  return 0;
} catch (const std::exception& error) {
  std::cerr << "ingest_bench: " << error.what() << "\n";
  return 1;
}
