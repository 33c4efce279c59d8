#include "port/usage.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace patchbay::port {

namespace {

// Fields of stat (proc(5)): between the name and utime, and between stime and num_threads.
constexpr int kTicksBefore = 11;
constexpr int kTicksUntilThreads = 4;

std::string read(int pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name);
  std::string text;
  std::getline(file, text,
               '\0');  // a process that ends meanwhile is an error of the stream, not an exception
  return text;
}

}  // namespace

std::optional<Usage> usage_of(int pid) {
  Usage usage;
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::istringstream(read(pid, "statm")) >> total >> resident;
  usage.memory = resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto stat = read(pid, "stat");
  const auto name_end = stat.rfind(')');  // a name may hold anything
  if (name_end == stat.npos || total == 0) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kTicksBefore; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  for (int i = 0; i < kTicksUntilThreads; ++i) fields >> skipped;
  fields >> usage.threads;
  const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  usage.cpu = std::chrono::milliseconds((user + system) * 1000 / ticks);
  return usage;
}

}  // namespace patchbay::port
