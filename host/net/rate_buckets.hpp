#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace patchbay::net {

// `tokens` come back in each `per`, up to `burst` (at least one).
struct Rate {
  Rate(double tokens_, Duration per_, double burst_)
      : tokens(tokens_), per(per_), burst(burst_ < 1 ? 1 : burst_) {}

  double tokens;
  Duration per;
  double burst;
};

// Token buckets by name: how fast a provider lets us send. A bucket begins full. Any thread.
class RateBuckets {
 public:
  struct Want {
    Want(std::string key_, Rate rate_) : key(std::move(key_)), rate(rate_) {}
    std::string key;
    Rate rate;
  };

  // `clock` outlives the buckets.
  explicit RateBuckets(const Clock& clock) : clock_(clock) {}

  // Takes one token from every bucket, or none from any. Zero: taken. Else how long until it is worth asking
  // again.
  Duration take(const std::vector<Want>& wants);
  // How long take() of this one would say, without taking.
  Duration wait(const Want& want);
  // Nothing comes out of this bucket for so long (a 429 said so), whatever its rate. A shorter pause does not
  // end a longer.
  void pause(const std::string& key, Duration length);
  // How long the pause still lasts.
  Duration paused(const std::string& key) const;

  std::size_t size() const;

 private:
  struct Bucket {
    double tokens = 0;
    std::chrono::nanoseconds filled{0};  // when `tokens` was right
    std::chrono::nanoseconds full{0};    // when it will be as good as new
    std::chrono::nanoseconds paused_until{0};
  };

  Duration wait_for(const Want& want, std::chrono::nanoseconds now);
  Bucket& refill(const Want& want, std::chrono::nanoseconds now);
  void sweep(std::chrono::nanoseconds now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
  std::size_t sweep_at_ = 1024;
};

}  // namespace patchbay::net
