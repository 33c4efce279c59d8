#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "schedule/schedule.hpp"

// What is taken is due later than asked, again and again, and soon found.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  try {
    const auto schedule = schedule::Schedule::cron(
        text.substr(0, line), line == text.npos ? "Europe/Berlin" : text.substr(line + 1));
    TimePoint time = std::chrono::sys_days(std::chrono::year(2026) / 10 / 24);
    for (int i = 0; i < 5; ++i) {
      const auto next = schedule.next(time, 0);
      if (!next) break;
      if (*next <= time) std::abort();
      time = *next;
    }
  } catch (const Error& error) {
    if (error.code() != Code::invalid) std::abort();
  }
  try {
    if (schedule::parse_duration(text).count() <= 0) std::abort();
  } catch (const Error& error) {
    if (error.code() != Code::invalid) std::abort();
  }
  return 0;
}
