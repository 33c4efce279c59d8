#include "net/rate_buckets.hpp"

#include <algorithm>
#include <cmath>

namespace patchbay::net {
namespace {

using std::chrono::nanoseconds;

// Rounded up, so that whoever waits so long does not ask in vain.
Duration up(nanoseconds time) {
  return std::chrono::ceil<Duration>(std::max(time, nanoseconds(0)));
}

nanoseconds time_for(double tokens, const Rate& rate) {
  const double per_token = static_cast<double>(nanoseconds(rate.per).count()) / std::max(rate.tokens, 1e-9);
  return nanoseconds(static_cast<std::int64_t>(std::ceil(std::min(tokens * per_token, 9e17))));
}

}  // namespace

RateBuckets::Bucket& RateBuckets::refill(const Want& want, nanoseconds now) {
  const auto [entry, is_new] = buckets_.try_emplace(want.key);
  Bucket& bucket = entry->second;
  // One that only held a pause has never been filled.
  if (is_new || bucket.full == nanoseconds(0)) {
    bucket.tokens = want.rate.burst;
  } else {
    const double passed = static_cast<double>((now - bucket.filled).count());
    const double per = std::max(static_cast<double>(nanoseconds(want.rate.per).count()), 1.0);
    bucket.tokens = std::min(want.rate.burst, bucket.tokens + passed / per * want.rate.tokens);
  }
  bucket.filled = now;
  bucket.full = now + time_for(want.rate.burst - bucket.tokens, want.rate);
  return bucket;
}

Duration RateBuckets::wait_for(const Want& want, nanoseconds now) {
  const auto& bucket = refill(want, now);
  const auto pause = up(bucket.paused_until - now);
  // A billionth is forgiven: waiting for exactly one token must give one.
  if (bucket.tokens >= 1 - 1e-9) return pause;
  return std::max({pause, up(time_for(1 - bucket.tokens, want.rate)), Duration(1)});
}

Duration RateBuckets::take(const std::vector<Want>& wants) {
  const auto now = clock_.monotonic() + nanoseconds(1);  // zero means "never"
  const std::lock_guard lock(mutex_);
  Duration longest{0};
  for (const auto& want : wants) longest = std::max(longest, wait_for(want, now));
  if (longest == Duration(0)) {
    for (const auto& want : wants) {
      auto& bucket = buckets_[want.key];
      bucket.tokens -= 1;
      bucket.full = now + time_for(want.rate.burst - bucket.tokens, want.rate);
    }
  }
  if (buckets_.size() >= sweep_at_) sweep(now);
  return longest;
}

Duration RateBuckets::wait(const Want& want) {
  const auto now = clock_.monotonic() + nanoseconds(1);
  const std::lock_guard lock(mutex_);
  return wait_for(want, now);
}

void RateBuckets::pause(const std::string& key, Duration length) {
  const auto until = clock_.monotonic() + nanoseconds(1) + length;
  const std::lock_guard lock(mutex_);
  auto& bucket = buckets_[key];
  bucket.paused_until = std::max(bucket.paused_until, until);
}

Duration RateBuckets::paused(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = buckets_.find(key);
  return entry == buckets_.end() ? Duration(0)
                                 : up(entry->second.paused_until - clock_.monotonic() - nanoseconds(1));
}

std::size_t RateBuckets::size() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

// A bucket that is full again and not paused is no different from one that does not exist.
void RateBuckets::sweep(nanoseconds now) {
  std::erase_if(buckets_, [now](const auto& entry) {
    return entry.second.full <= now && entry.second.paused_until <= now;
  });
  sweep_at_ = std::max<std::size_t>(1024, buckets_.size() * 2);
}

}  // namespace patchbay::net
