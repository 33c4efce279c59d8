#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "port/usage.hpp"

namespace patchbay::supervisor {

enum class Condition { starting, ready, waiting, failed, quarantined, stopping };

std::string_view condition_name(Condition condition);

// An instance came into another condition.
class Change {
 public:
  Id integration = 0;
  TimePoint at{};
  Condition condition = Condition::starting;
  std::string reason;  // English; empty: none
  std::string version;
};

// Counts durations in powers of two of a microsecond; a percentile is the upper end of its bucket.
class Latency {
 public:
  void add(std::chrono::nanoseconds took);
  Duration percentile(int percent) const;
  std::uint64_t count() const { return count_; }

 private:
  std::array<std::uint64_t, 40> buckets_{};
  std::uint64_t count_ = 0;
};

// How one integration's instance and its process are (HOST-8).
class Health {
 public:
  Id integration = 0;
  std::string plugin;
  std::string version;
  Condition condition = Condition::starting;
  TimePoint since{};                 // in this condition
  int pid = 0;                       // 0: no process, or inside the host
  std::optional<port::Usage> usage;  // of that process, which other integrations of the plugin may share
  std::uint64_t restarts = 0;        // of its process
  std::string last_error;            // as Text::kept; of now or of the past
  TimePoint last_error_at{};
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;  // answers other than ok
  std::size_t open = 0;      // calls inside or waiting
  Duration p50{0};
  Duration p99{0};
  std::string host;     // that runs it, by name
  TimePoint seen_at{};  // when this was so
};

// As the API shows it.
std::string to_json(const Health& health);

}  // namespace patchbay::supervisor
