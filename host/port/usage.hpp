#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace patchbay::port {

// What a process takes of the machine.
class Usage {
 public:
  std::uint64_t memory = 0;          // bytes resident (RSS), shared ones included
  std::chrono::milliseconds cpu{0};  // since its start, of all its threads
  int threads = 0;
};

// From /proc; nothing when the process is gone, or hidden from us (hidepid). Any thread.
std::optional<Usage> usage_of(int pid);

}  // namespace patchbay::port
