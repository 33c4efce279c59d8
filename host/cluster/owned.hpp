#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>

#include "base/id.hpp"

namespace patchbay::cluster {

inline constexpr std::size_t kPartitions = 256;
using Partitions = std::bitset<kPartitions>;

// An integration's partition: by the millisecond in which it was made, which spreads well.
constexpr std::size_t partition_of(Id integration) {
  return static_cast<std::size_t>(integration >> 22) & (kPartitions - 1);
}
// The same in SQL, of the column `integration`.
inline constexpr const char* kPartitionSql = "((integration >> 22) & 255)";

// The integrations that this host works for: its instances, webhooks, messages, files and jobs. Any thread;
// cheap.
class Owned {
 public:
  // All of them, until set() says otherwise.
  Owned();

  bool has(Id integration) const { return has_partition(partition_of(integration)); }
  bool has_partition(std::size_t partition) const;
  bool has_all() const;
  // Those partitions as an array of PostgreSQL, "{1,2}"; nothing: all.
  std::optional<std::string> some() const;
  Partitions get() const;
  void set(const Partitions& partitions);

 private:
  std::array<std::atomic<std::uint64_t>, kPartitions / 64> words_;
};

}  // namespace patchbay::cluster
