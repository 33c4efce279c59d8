#include "supervisor/health.hpp"

#include <algorithm>
#include <bit>

#include <nlohmann/json.hpp>

#include "base/rfc3339.hpp"

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

std::string to_json(const Health& health) {
  using nlohmann::json;
  json worker;
  if (health.pid != 0) worker["pid"] = health.pid;
  if (health.usage) {
    worker["memory_bytes"] = health.usage->memory;
    worker["cpu_ms"] = health.usage->cpu.count();
    worker["threads"] = health.usage->threads;
  }
  const bool failed = !health.last_error.empty();
  const json shown = {{"integration", to_string_id(health.integration)},
                      {"plugin", health.plugin},
                      {"version", health.version},
                      {"state", condition_name(health.condition)},
                      {"since", to_rfc3339(health.since)},
                      {"restarts", health.restarts},
                      {"last_error", failed ? json(health.last_error) : json()},
                      {"last_error_at", failed ? json(to_rfc3339(health.last_error_at)) : json()},
                      {"calls", health.calls},
                      {"errors", health.errors},
                      {"open", health.open},
                      {"latency_ms", {{"p50", health.p50.count()}, {"p99", health.p99.count()}}},
                      {"worker", worker},
                      {"host", health.host},
                      {"seen_at", to_rfc3339(health.seen_at)}};
  return shown.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace patchbay::supervisor
