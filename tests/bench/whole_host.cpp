#include "bench/whole_host.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <nlohmann/json.hpp>

#include "store/store.hpp"
#include "support/http_server.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const std::string kPatchbay = std::string(PB_BENCH_BUILD_DIR) + "/bin/patchbay";

// What a bot needs to be connected: says who it is, and takes an address with its secret.
class BotApi {
 public:
  BotApi() : server_([this](const auto& request) { return answer(request); }) {}

  std::string address() const { return server_.url(""); }
  std::string authority() const { return server_.authority(); }
  std::string secret() const {
    const std::lock_guard lock(mutex_);
    return secret_;
  }

 private:
  testing::HttpServer::Reply answer(const testing::HttpServer::Request& request) {
    json result = true;
    const auto method = request.target.substr(request.target.rfind('/') + 1);
    if (method.starts_with("history")) return testing::HttpServer::Reply(404, {}, "");
    if (method == "getMe") result = {{"id", 123456789}, {"is_bot", true}, {"first_name", "Bench"}};
    if (method == "getWebhookInfo") result = {{"url", ""}, {"pending_update_count", 0}};
    if (method == "setWebhook") {
      const std::lock_guard lock(mutex_);
      secret_ = json::parse(request.body).at("secret_token").get<std::string>();
    }
    const json body = {{"ok", true}, {"result", result}};
    return testing::HttpServer::Reply(200, {{"Content-Type", "application/json"}}, body.dump());
  }

  mutable std::mutex mutex_;
  std::string secret_;
  testing::HttpServer server_;
};

// `patchbay serve` as a child, stopped in the end.
class Host {
 public:
  explicit Host(const std::string& config) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::execl(kPatchbay.c_str(), "patchbay", "serve", "--config", config.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(out[1]);
    out_ = ::fdopen(out[0], "r");
    char line[512];
    while (std::fgets(line, sizeof line, out_) != nullptr) {
      if (std::sscanf(line, "ready: http://127.0.0.1:%hu", &port_) == 1) return;
    }
    stop();
    throw std::runtime_error("the host did not start");
  }
  ~Host() { stop(); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }

 private:
  void stop() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::fclose(out_);
  }

  pid_t pid_ = -1;
  FILE* out_ = nullptr;
  std::uint16_t port_ = 0;
};

// The sum of the named lines of /proc/<pid>/smaps_rollup, in MiB.
double memory_mib(pid_t pid, const std::string& pattern) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  double kib = 0;
  const std::regex wanted("(" + pattern + "):\\s+(\\d+) kB");
  for (std::string line; std::getline(file, line);) {
    std::smatch found;
    if (std::regex_match(line, found, wanted)) kib += std::stod(found[2]);
  }
  return kib / 1024;
}

std::vector<pid_t> workers_of(pid_t host) {
  std::vector<pid_t> out;
  std::istringstream pids(output_of("pgrep -P " + std::to_string(host) + " patchbay-worker"));
  for (pid_t pid = 0; pids >> pid;) out.push_back(pid);
  return out;
}

std::string create(const std::string& config, const std::string& plugin, const json& settings) {
  support::TempFolder folder;
  std::ofstream(folder / "settings.json") << settings;
  const auto created = output_of(kPatchbay + " integrations create --json --config " + config + " --plugin " +
                                 plugin + " --name Bench --settings " + (folder / "settings.json"));
  const auto id = json::parse(created).at("id").get<std::string>();
  output_of(kPatchbay + " integrations activate " + id + " --json --config " + config);
  return id;
}

std::int64_t count(store::Store& store, const std::string& what) {
  return store.read_now([&](store::Session& session) {
    return session.query_one("select cast(count(*) as bigint) from " + what)->integer(0);
  });
}

std::vector<Figure> idle_memory(pid_t host) {
  std::vector<Figure> out;
  out.emplace_back("S7", "idle host, resident", "MiB", memory_mib(host, "Rss"));
  out.back().at_most(40, 25);
  double most = 0;
  double with_code = 0;
  const auto workers = workers_of(host);
  for (const auto worker : workers) {
    most = std::max(most, private_memory_mib(worker));
    with_code = std::max(with_code, memory_mib(worker, "Private_Dirty|Private_Clean"));
  }
  out.emplace_back("S7", "idle worker, private memory", "MiB", most);
  out.back().at_most(1, 0.6);
  char note[64];
  std::snprintf(note, sizeof note, "largest of %zu; %.1f with code that it shares with nobody",
                workers.size(), with_code);
  out.back().note = note;
  return out;
}

// A host with a Telegram bot and an echo channel connected.
class Deployment {
 public:
  struct Round {
    double per_second = 0;  // from the webhook to the stored message
    std::int64_t messages = 0;
    Answers answers;
  };

  explicit Deployment(const std::string& store_url) {
    const std::string config = folder_ / "patchbay.json";
    const json configuration = {
        {"state_dir", folder_ / "state"},
        {"site_url", "https://bench.example"},
        {"listen", {{"port", 0}}},
        {"inbox", {{"rate", 1'000'000}}},  // a quick machine would reach the usual one
        {"store", {{"url", store_url}}},
        {"egress", {{"allow", {bot_.authority()}}}},
        {"log", {{"level", "warn"}}}};
    std::ofstream(config) << configuration;
    host_.emplace(config);
    const auto id =
        create(config, "telegram",
               {{"token", "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"}, {"api_base", bot_.address()}});
    create(config, "echo", {{"account", "bench"}, {"api_base", bot_.address()}});
    path_ = "/hooks/telegram/" + id + "/update";
    store::Store::Options options;
    options.url = store_url;
    store_ = store::Store::open(options, log::Logger::none());
  }

  pid_t pid() const { return host_->pid(); }
  void warm_up(Load& load, const Settings& settings) {
    load.run(host_->port(), path_, bot_.secret(), settings, 1);
    settle();
  }
  Round measure(Load& load, const Settings& settings) {
    const auto before = count(*store_, "messages");
    const auto start = std::chrono::steady_clock::now();
    Round round;
    round.answers = load.run(host_->port(), path_, bot_.secret(), settings, settings.seconds);
    settle();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    round.messages = count(*store_, "messages") - before;
    if (round.messages < round.answers.per_second * settings.seconds * 0.99)
      throw std::runtime_error("messages are missing");
    round.per_second = static_cast<double>(round.messages) / passed.count();
    return round;
  }
  // As many older messages as that, spread over the chats that there are (PostgreSQL).
  void fill(std::int64_t messages) {
    const std::string chats =
        "with c as (select id, integration, conversation, row_number() over (order by id) - 1 as n, "
        "count(*) over () as all_of_them from chats), m as (select cast(g as bigint) as g, c.* from "
        "generate_series(1, " +
        std::to_string(messages) + ") g join c on c.n = g % c.all_of_them) ";
    store_->write_now([&](store::Session& session) {
      session.exec(chats +
                   "insert into messages (id, chat, direction, text, state, provider_id, provider_at, "
                   "created_at) select g, id, 'in', repeat('x', 470), 'received', 'old-' || g, "
                   "1700000000000 + g, 1700000000000 + g from m");
      session.exec(chats +
                   "insert into message_provider_ids (integration, conversation, provider_id, message, at, "
                   "state) select integration, conversation, 'old-' || g, g, 1700000000000 + g, 'received' "
                   "from m");
    });
  }

 private:
  void settle() {
    while (count(*store_, "(select 1 from inbox where state = 'new' limit 1) as open") > 0)
      std::this_thread::sleep_for(20ms);
  }

  BotApi bot_;
  support::TempFolder folder_;
  std::optional<Host> host_;
  std::string path_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace

double private_memory_mib(pid_t pid) {
  return memory_mib(pid, "Anonymous");
}

WholeHost::WholeHost(const std::string& store_url, Load& load, const Settings& settings) {
  Deployment deployment(store_url);
  std::this_thread::sleep_for(3s);
  memory_ = idle_memory(deployment.pid());
  deployment.warm_up(load, settings);
  std::vector<Deployment::Round> rounds;
  for (int i = 0; i < settings.rounds; ++i) rounds.push_back(deployment.measure(load, settings));
  std::sort(rounds.begin(), rounds.end(),
            [](const auto& a, const auto& b) { return a.per_second < b.per_second; });
  const auto& round = rounds[rounds.size() / 2];
  messages_per_second_ = round.per_second;
  char note[128];
  std::snprintf(note, sizeof note, "%lld messages; meanwhile %.0f webhooks/s taken; host then %.0f MiB",
                static_cast<long long>(round.messages), round.answers.per_second,
                memory_mib(deployment.pid(), "Rss"));
  note_ = note;
}

Figure cost_of_growth(const support::PostgresServer& postgres, Load& load, const Settings& settings) {
  for (const char* name : {"few", "many"})
    postgres.command("postgres", std::string("create database ") + name);
  Deployment few(postgres.url("few"));
  Deployment many(postgres.url("many"));
  for (auto* each : {&few, &many}) each->warm_up(load, settings);
  few.fill(1'000);
  many.fill(1'000'000);
  // What a million rows at once leave to be done is not the cost of having them.
  for (const char* name : {"few", "many"}) postgres.command(name, "vacuum analyze");
  postgres.command("postgres", "checkpoint");
  std::vector<Figure> rounds;
  auto before = few.measure(load, settings).per_second;
  for (int i = 0; i < settings.rounds; ++i) {
    const auto grown = many.measure(load, settings).per_second;
    const auto after = few.measure(load, settings).per_second;
    Figure figure("S5", "cost of S4 with 1,000,000 stored messages", "x that with 1,000",
                  (before + after) / 2 / grown);
    figure.at_most(1.2, 1.0);
    char note[64];
    std::snprintf(note, sizeof note, "%.0f and %.0f messages/s", grown, (before + after) / 2);
    figure.note = note;
    rounds.push_back(figure);
    before = after;
  }
  return middle(std::move(rounds));
}

Figure WholeHost::messages(double s1_per_second) const {
  Figure figure("S4", "webhook to stored chat message, PostgreSQL", "1/s", messages_per_second_);
  figure.against("S1", s1_per_second, 0.1, 0.4);
  figure.note = note_;
  return figure;
}

}  // namespace patchbay::bench
