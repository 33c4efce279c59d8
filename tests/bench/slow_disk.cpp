#include "bench/slow_disk.hpp"

#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/ingest.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::bench {
namespace {

constexpr int kSessions = 8;
constexpr int kConnections = 256;

// Whatever is started meanwhile has the slow disk.
class SlowSyncs {
 public:
  SlowSyncs() { ::setenv("LD_PRELOAD", PB_SLOW_SYNC, 1); }
  ~SlowSyncs() { ::unsetenv("LD_PRELOAD"); }
};

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

void exec(PGconn* connection, const char* sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection, sql), &PQclear);
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(connection));
}

// Rows of the size of a webhook, with the indexes that an inbox needs at least.
double one_by_one(const std::string& url, int seconds) {
  const auto connect = [&url] {
    Connection connection(PQconnectdb(url.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK)
      throw std::runtime_error(PQerrorMessage(connection.get()));
    return connection;
  };
  exec(connect().get(),
       "create table if not exists one_by_one (id bigserial primary key, body text not null)");
  const std::string insert = "insert into one_by_one (body) values ('" + std::string(700, 'x') + "')";
  std::atomic<bool> over = false;
  std::atomic<long> rows = 0;
  std::vector<std::thread> sessions;
  for (int i = 0; i < kSessions; ++i) {
    sessions.emplace_back([&] {
      const auto connection = connect();
      for (; !over; ++rows) exec(connection.get(), insert.c_str());
    });
  }
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  over = true;
  for (auto& session : sessions) session.join();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  return static_cast<double>(rows) / passed.count();
}

}  // namespace

Figure slow_disk(Load& load, Settings settings) {
  settings.connections = kConnections;
  std::unique_ptr<support::PostgresServer> server;
  {
    const SlowSyncs slow;
    const std::vector<std::string> options = {"-c", "fsync=on", "-c", "wal_sync_method=fdatasync"};
    server = std::make_unique<support::PostgresServer>(options);
  }
  std::vector<Figure> rounds;
  for (int i = 0; i < settings.rounds; ++i) {
    const auto name = "slow" + std::to_string(i);
    server->command("postgres", "create database " + name);
    const double alone = one_by_one(server->url(name), settings.seconds);
    const auto answers = answered_after_commit(server->url(name), load, settings);
    Figure figure("S3", "the same at 256 connections, every sync 2 ms longer", "req/s", answers.per_second);
    figure.against("rows committed one by one, 8 sessions", alone, 10, 17);
    figure.note = answers.note();
    rounds.push_back(figure);
  }
  return middle(std::move(rounds));
}

}  // namespace patchbay::bench
