#include "base/id.hpp"

#include <algorithm>
#include <charconv>

namespace patchbay {
namespace {

constexpr int kSequenceBits = 12;
constexpr int kHostBits = 10;
constexpr std::int64_t kEpochMs = 1'704'067'200'000;  // 2024-01-01T00:00:00Z

}  // namespace

std::string to_string_id(Id id) {
  return std::to_string(id);
}

std::optional<Id> parse_id(std::string_view text) {
  Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

Id first_id_at(TimePoint time) {
  constexpr auto kLast = INT64_MAX >> (kSequenceBits + kHostBits);
  const auto ms = std::clamp<std::int64_t>(time.time_since_epoch().count() - kEpochMs, 0, kLast);
  return ms << (kSequenceBits + kHostBits);
}

IdMint::IdMint(const Clock& clock, std::uint16_t host, Id floor) : clock_(clock), host_(host & 0x3ff) {
  const auto ms = floor >> (kSequenceBits + kHostBits);
  const auto sequence = floor & ((1 << kSequenceBits) - 1);
  last_ = ms << kSequenceBits | sequence;
}

Id IdMint::next() {
  const auto now = (clock_.now().time_since_epoch().count() - kEpochMs) << kSequenceBits;
  auto last = last_.load(std::memory_order_relaxed);
  std::int64_t mine = 0;
  do {
    mine = std::max(now, last + 1);
  } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
  const auto ms = mine >> kSequenceBits;
  const auto sequence = mine & ((1 << kSequenceBits) - 1);
  return ms << (kSequenceBits + kHostBits) | static_cast<std::int64_t>(host_) << kSequenceBits | sequence;
}

}  // namespace patchbay
