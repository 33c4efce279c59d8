#include "base/throttle.hpp"

#include <utility>

namespace patchbay {

bool Throttle::admit(std::chrono::nanoseconds now) {
  const std::lock_guard lock(mutex_);
  if (second_.count() < 0 || now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    lines_ = 0;
    over_ += std::exchange(dropped_, 0);
  }
  if (++lines_ <= per_second_) return true;
  ++dropped_;
  return false;
}

int Throttle::take_dropped(bool all) {
  const std::lock_guard lock(mutex_);
  if (all) over_ += std::exchange(dropped_, 0);
  return std::exchange(over_, 0);
}

}  // namespace patchbay
