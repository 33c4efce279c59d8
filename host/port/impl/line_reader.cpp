#include "port/impl/line_reader.hpp"

#include "base/utf8.hpp"
#include "patchbay/abi.h"

namespace patchbay::port {
namespace {
constexpr int kPerSecond = 50;
constexpr std::size_t kLongest = 4u << 10;
}  // namespace

LineReader::LineReader(Clock& clock, Journal journal)
    : clock_(clock), journal_(std::move(journal)), throttle_(kPerSecond) {}

void LineReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    rest_ += bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    if (end != bytes.npos || rest_.size() >= kLongest) line(std::exchange(rest_, {}));
  }
}

void LineReader::finish() {
  if (!rest_.empty()) line(std::exchange(rest_, {}));
  say_dropped(true);
}

void LineReader::line(std::string text) {
  if (text.empty()) return;
  last_ = repair_utf8(text);
  const bool admitted = throttle_.admit(clock_.monotonic());
  say_dropped(false);
  if (admitted && journal_) journal_(PB_INFO, "stderr: " + last_);
}

void LineReader::say_dropped(bool all) {
  const int dropped = throttle_.take_dropped(all);
  if (dropped > 0 && journal_)
    journal_(PB_WARN, "stderr: " + std::to_string(dropped) + " lines were dropped");
}

}  // namespace patchbay::port
