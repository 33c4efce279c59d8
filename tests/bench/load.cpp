#include "bench/load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

namespace patchbay::bench {

std::string Answers::note() const {
  char text[64];
  std::snprintf(text, sizeof text, "p50 %.2f ms, p99 %.2f ms", p50_ms, p99_ms);
  return text;
}

std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), nullptr);
  if (!pipe) throw std::runtime_error("cannot start: " + command);
  std::string out;
  char piece[4096];
  while (const auto size = std::fread(piece, 1, sizeof piece, pipe.get())) out.append(piece, size);
  if (pclose(pipe.release()) != 0) throw std::runtime_error("failed: " + command + "\n" + out);
  return out;
}

Load::Load() : script_(folder_ / "load.lua") {
  std::ofstream(script_) << R"(
local n = tonumber(os.getenv("PB_BENCH_FIRST"))
local header = os.getenv("PB_BENCH_HEADER")
local secret = os.getenv("PB_BENCH_SECRET")
local pad = string.rep("x", 470)
request = function()
  n = n + 1
  local chat = 5000000000 + n % 1000
  local body = string.format('{"update_id":%d,"message":{"message_id":%d,"date":1795224417,"chat":{"id":%d,"type":"private","first_name":"Ana"},"from":{"id":%d,"is_bot":false,"first_name":"Ana","language_code":"de"},"text":"%s"}}',
                             n, n, chat, chat, pad)
  return wrk.format("POST", nil, {[header] = secret, ["Content-Type"] = "application/json"}, body)
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("FIGURE %f %f %f %d\n", summary.requests / summary.duration * 1e6,
           latency:percentile(50) / 1000, latency:percentile(99) / 1000,
           e.connect + e.read + e.write + e.status + e.timeout))
end
)";
}

Answers Load::run(std::uint16_t port, const std::string& path, const std::string& secret,
                  const Settings& settings, int seconds) {
  first_ += 10'000'000;
  const auto out = output_of(
      "PB_BENCH_FIRST=" + std::to_string(first_) + " PB_BENCH_HEADER=" + kSecretHeader +
      " PB_BENCH_SECRET='" + secret + "' wrk -t1 -c" + std::to_string(settings.connections) + " -d" +
      std::to_string(seconds) + "s -s " + script_ + " http://127.0.0.1:" + std::to_string(port) + path);
  const auto at = out.find("FIGURE ");
  Answers answers;
  int errors = 0;
  if (at == out.npos || std::sscanf(out.c_str() + at, "FIGURE %lf %lf %lf %d", &answers.per_second,
                                    &answers.p50_ms, &answers.p99_ms, &errors) != 4)
    throw std::runtime_error("wrk gave no figures: " + out);
  if (errors != 0) throw std::runtime_error("requests failed: " + out);
  return answers;
}

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
    const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - before;
    took.push_back(passed.count());
  }
  ::close(file);
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

}  // namespace patchbay::bench
