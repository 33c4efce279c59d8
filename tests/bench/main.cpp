// The speed figures of design/bars.md, each against its baseline in the same run, as one table:
//   speed_bench [seconds a round, 3] [rounds, 3] [connections, 64] [threads of the host, those of the
//   machine]
// Exit code 1 when a first figure is missed.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <thread>

#include "bench/ingest.hpp"
#include "bench/plugin_calls.hpp"
#include "bench/whole_host.hpp"

namespace patchbay::bench {
namespace {

bool run(const Settings& settings) {
  support::PostgresServer postgres({"-c", "fsync=on", "-c", "synchronous_commit=on"});
  Load load;
  const double sync_before = fdatasync_ms();
  std::vector<Figure> figures;
  const Ingest ingest(postgres, load, settings);
  figures.push_back(ingest.postgresql);
  figures.push_back(ingest.sqlite);
  postgres.command("postgres", "create database whole");
  const WholeHost whole(postgres.url("whole"), load, settings);
  figures.push_back(whole.messages(ingest.postgresql.value));
  figures.push_back(plugin_calls(settings));
  for (const auto& figure : whole.memory()) figures.push_back(figure);
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
  int* const wanted[] = {&settings.seconds, &settings.rounds, &settings.connections, &settings.threads};
  for (int i = 1; i < argc && i <= 4; ++i) {
    *wanted[i - 1] = std::atoi(argv[i]);
    if (*wanted[i - 1] < 1)
      throw std::runtime_error("usage: speed_bench [seconds] [rounds] [connections] [threads]");
  }
  return patchbay::bench::run(settings) ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "speed_bench: " << error.what() << "\n";
  return 1;
}
