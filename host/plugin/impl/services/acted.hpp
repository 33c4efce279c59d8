#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.hpp"

namespace patchbay::plugin {

// Remembers which calls of an instance may have acted outside: every unsafe request, by the trace of the call
// it was made for, for as long as such a call can last. Any thread.
class ActedLog {
 public:
  explicit ActedLog(const Clock& clock) : clock_(clock) {}

  void note(const std::string& trace);
  // Whether an unsafe request was started with this trace, or with none, since then.
  bool has(const std::string& trace, std::chrono::nanoseconds since) const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<std::pair<std::chrono::nanoseconds, std::string>> entries_;  // when, trace (empty: none)
};

}  // namespace patchbay::plugin
