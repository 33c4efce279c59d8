#include "port/impl/line_reader.hpp"

#include "base/utf8.hpp"
#include "patchbay/abi.h"

namespace patchbay::port {
namespace {
constexpr int kPerSecond = 50;
constexpr std::size_t kLongest = 4u << 10;
}  // namespace

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
  if (dropped_ > 0 && journal_)
    journal_(PB_WARN, "stderr: " + std::to_string(dropped_) + " lines were dropped");
  dropped_ = 0;
}

void LineReader::line(std::string text) {
  if (text.empty()) return;
  last_ = repair_utf8(text);
  const auto now = clock_.monotonic();
  if (second_.count() < 0 || now - second_ >= std::chrono::seconds(1)) {
    if (dropped_ > 0 && journal_)
      journal_(PB_WARN, "stderr: " + std::to_string(dropped_) + " lines were dropped");
    second_ = now;
    lines_ = 0;
    dropped_ = 0;
  }
  if (++lines_ > kPerSecond) {
    ++dropped_;
  } else if (journal_) {
    journal_(PB_INFO, "stderr: " + last_);
  }
}

}  // namespace patchbay::port
