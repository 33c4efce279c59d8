#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace patchbay {

// A row's id: 41 bits of milliseconds since 2024, 10 bits of host number, 12 bits of sequence. Ids of one
// host rise, so "ordered by id" is the order of creation. In JSON it is a string: JavaScript's numbers end at
// 2^53.
using Id = std::int64_t;

std::string to_string_id(Id id);
// Nothing, unless `text` is a decimal number above zero.
std::optional<Id> parse_id(std::string_view text);

// No id that is minted at `time` or later is smaller: where to begin or end when looking by age.
Id first_id_at(TimePoint time);

// Mints ids. Any thread.
class IdMint {
 public:
  // `host`: 0 to 1023. `floor`: the highest id already stored, so that a clock set back never repeats one.
  explicit IdMint(const Clock& clock, std::uint16_t host = 0, Id floor = 0);
  Id next();

 private:
  const Clock& clock_;
  const std::uint16_t host_;
  std::atomic<std::int64_t> last_;  // milliseconds and sequence, without the host number
};

}  // namespace patchbay
