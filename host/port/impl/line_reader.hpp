#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// Standard error of a worker, line by line into the journal, at most kPerSecond lines a second with a burst
// of as many; what is over is counted and said. One thread.
class LineReader {
 public:
  LineReader(Clock& clock, Journal journal) : clock_(clock), journal_(std::move(journal)) {}

  void take(std::string_view bytes);
  // Also the last line without an end.
  void finish();
  const std::string& last() const { return last_; }

 private:
  void line(std::string text);

  Clock& clock_;
  Journal journal_;
  std::string rest_;
  std::string last_;
  std::chrono::nanoseconds second_{-1};
  int lines_ = 0;
  int dropped_ = 0;
};

}  // namespace patchbay::port
