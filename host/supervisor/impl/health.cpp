#include "supervisor/health.hpp"

#include <algorithm>
#include <bit>

namespace patchbay::supervisor {

std::string_view condition_name(Condition condition) {
  switch (condition) {
    case Condition::starting:
      return "starting";
    case Condition::ready:
      return "ready";
    case Condition::waiting:
      return "waiting";
    case Condition::failed:
      return "failed";
    case Condition::quarantined:
      return "quarantined";
    case Condition::stopping:
      return "stopping";
  }
  return "starting";
}

void Latency::add(std::chrono::nanoseconds took) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count() / 1000, 0));
  ++buckets_.at(std::min<std::size_t>(std::bit_width(micros), buckets_.size() - 1));
  ++count_;
}

Duration Latency::percentile(int percent) const {
  const auto wanted = (count_ * static_cast<std::uint64_t>(percent) + 99) / 100;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_.at(i);
    if (seen >= wanted && seen > 0)
      return std::chrono::ceil<Duration>(std::chrono::microseconds(std::uint64_t{1} << i));
  }
  return Duration{0};
}

}  // namespace patchbay::supervisor
