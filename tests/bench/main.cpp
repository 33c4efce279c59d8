// The speed figures of design/bars.md, each against its baseline in the same run, as one table:
//   speed_bench [--only ingest|slow|host|growth|mailboxes|calls|routing] [seconds a round, 3] [rounds, 5]
//   [connections, 64] [threads, those of the machine]
// Exit code 1 when a first figure is missed.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <thread>

#include "bench/ingest.hpp"
#include "bench/mailboxes.hpp"
#include "bench/plugin_calls.hpp"
#include "bench/routing.hpp"
#include "bench/slow_disk.hpp"
#include "bench/whole_host.hpp"

namespace patchbay::bench {
namespace {

// A server that has run for a while writes into log files that it has used before; a new one makes and syncs
// 16 MiB of zeros for each first.
void fill_wal(const support::PostgresServer& postgres) {
  for (int i = 0; i < 48; ++i) {
    postgres.command("postgres", "select pg_logical_emit_message(false, 'bench', 'x')");
    postgres.command("postgres", "select pg_switch_wal()");
  }
  postgres.command("postgres", "checkpoint");
}

bool run(const Settings& settings, std::string_view only) {
  const auto wanted = [only](std::string_view part) { return only.empty() || only == part; };
  // Memory as a server has it where nobody configured it.
  support::PostgresServer postgres({"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "min_wal_size=1GB",
                                    "-c", "shared_buffers=128MB"});
  fill_wal(postgres);
  Load load;
  const double sync_before = fdatasync_ms();
  std::vector<Figure> figures;
  if (wanted("ingest") || wanted("host")) {
    const Ingest ingest(postgres, load, settings);
    figures.push_back(ingest.postgresql);
    figures.push_back(ingest.sqlite);
    if (wanted("host")) {
      postgres.command("postgres", "create database whole");
      const WholeHost whole(postgres.url("whole"), load, settings);
      figures.push_back(whole.messages(ingest.postgresql.value));
      for (const auto& figure : whole.memory()) figures.push_back(figure);
    }
  }
  if (wanted("slow")) figures.push_back(slow_disk(load, settings));
  if (wanted("growth")) {
    figures.push_back(cost_of_growth(postgres, load, settings));
  }
  if (wanted("mailboxes")) figures.push_back(idle_mailboxes());
  if (wanted("routing")) figures.push_back(cost_of_assigning(postgres, settings));
  if (wanted("calls")) figures.push_back(plugin_calls(settings));
  std::printf(
      "%d rounds of %d s, the middle one shown; %d connections, %d threads; fdatasync %.2f ms before, %.2f "
      "ms "
      "after\n\n%s",
      settings.rounds, settings.seconds, settings.connections, settings.threads, sync_before, fdatasync_ms(),
      table(figures).c_str());
  bool reached = true;
  for (const auto& figure : figures) reached = reached && figure.reached();
  return reached;
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);
  patchbay::bench::Settings settings;
  settings.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::string_view only;
  if (argc > 2 && std::string_view(argv[1]) == "--only") {
    only = argv[2];
    argv += 2;
    argc -= 2;
  }
  int* const wanted[] = {&settings.seconds, &settings.rounds, &settings.connections, &settings.threads};
  for (int i = 1; i < argc && i <= 4; ++i) {
    *wanted[i - 1] = std::atoi(argv[i]);
    if (*wanted[i - 1] < 1)
      throw std::runtime_error(
          "usage: speed_bench [--only ingest|slow|host|growth|mailboxes|calls|routing] [seconds] [rounds] "
          "[connections] "
          "[threads]");
  }
  return patchbay::bench::run(settings, only) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "speed_bench: " << error.what() << "\n";
  return 1;
}
