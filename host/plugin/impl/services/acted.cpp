#include "plugin/impl/services/acted.hpp"

#include <algorithm>

namespace patchbay::plugin {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongestCall = 15min;
constexpr std::size_t kMost = 10'000;

// With its span: the calls of one trace (the parts of a message) are told apart.
std::string id_of(const std::string& trace) {
  return trace.size() == 55 ? trace : std::string();
}

}  // namespace

void ActedLog::note(const std::string& trace) {
  const auto now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  while (!entries_.empty() && entries_.front().first + kLongestCall < now) entries_.pop_front();
  // What no longer fits is remembered without its trace: better one call too many that is looked up than one
  // too few.
  if (entries_.size() >= kMost) entries_.front().second.clear();
  if (entries_.size() < kMost) {
    entries_.emplace_back(now, id_of(trace));
  } else {
    entries_.back() = {now, std::string()};
  }
}

bool ActedLog::has(const std::string& trace, std::chrono::nanoseconds since) const {
  const auto id = id_of(trace);
  const std::lock_guard lock(mutex_);
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.first >= since && (entry.second.empty() || id.empty() || entry.second == id);
  });
}

}  // namespace patchbay::plugin
