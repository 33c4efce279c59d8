#pragma once

#include <chrono>
#include <mutex>

namespace patchbay {

// Lets so many lines of a log through in a second, and counts the others. Any thread.
class Throttle {
 public:
  explicit Throttle(int per_second) : per_second_(per_second) {}

  // Whether a line may be written at `now`, of the monotonic clock.
  bool admit(std::chrono::nanoseconds now);
  // How many lines were not written until the second of the last line began, each told once; `all`: until
  // now.
  int take_dropped(bool all = false);

 private:
  const int per_second_;
  std::mutex mutex_;
  std::chrono::nanoseconds second_{-1};  // when it began
  int lines_ = 0;
  int dropped_ = 0;  // in this second
  int over_ = 0;     // in former ones, not told yet
};

}  // namespace patchbay
