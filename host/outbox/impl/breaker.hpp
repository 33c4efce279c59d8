#pragma once

#include <algorithm>
#include <chrono>

namespace patchbay::outbox {

// Stops calls to a provider that is down (OUT-3): after five failures in a row nothing goes out for 5 s, then
// one call tries; while it fails the pause doubles, up to 30 s. Not thread-safe.
class Breaker {
 public:
  using Time = std::chrono::nanoseconds;

  // How long to wait before a call; zero: go on. `running`: calls on their way. Time::max(): until one of
  // them ends.
  Time wait(Time now, int running) const {
    if (failures_ < kFailures) return Time{0};
    if (now < until_) return until_ - now;
    return running > 0 ? Time::max() : Time{0};
  }
  void failed(Time now) {
    if (++failures_ < kFailures) return;
    // Calls that were on their way when it opened tell nothing new.
    if (now < until_) return;
    until_ = now + pause_;
    pause_ = std::min<Time>(pause_ * 2, kLongest);
  }
  // True when it had been open.
  bool succeeded() {
    const bool was_open = failures_ >= kFailures;
    *this = Breaker();
    return was_open;
  }

 private:
  static constexpr int kFailures = 5;
  static constexpr Time kFirst = std::chrono::seconds(5);
  static constexpr Time kLongest = std::chrono::seconds(30);

  int failures_ = 0;
  Time until_{0};
  Time pause_ = kFirst;
};

}  // namespace patchbay::outbox
