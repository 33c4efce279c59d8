#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/throttle.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// Standard error of a worker, line by line into the journal, at most kPerSecond lines a second with a burst
// of as many; what is over is counted and said. One thread.
class LineReader {
 public:
  LineReader(Clock& clock, Journal journal);

  void take(std::string_view bytes);
  // Also the last line without an end.
  void finish();
  const std::string& last() const { return last_; }

 private:
  void line(std::string text);
  void say_dropped(bool all);

  Clock& clock_;
  Journal journal_;
  std::string rest_;
  std::string last_;
  Throttle throttle_;
};

}  // namespace patchbay::port
