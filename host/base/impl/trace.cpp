#include "base/trace.hpp"

#include <sys/random.h>

#include <atomic>
#include <cstdint>
#include <stdexcept>

namespace patchbay {
namespace {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed))
    throw std::runtime_error("getrandom failed");
  return seed;
}

// Ids must differ, nobody must be kept from guessing them: one random start, then SplitMix64 (Steele et al.,
// 2014) instead of a system call for each request.
std::uint64_t next_random() {
  static std::atomic<std::uint64_t> state{random_seed()};
  auto z = state.fetch_add(0x9e3779b97f4a7c15u, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  return z == 0 ? 1 : z;  // all zeros are no id
}

void append_hex(std::string& out, std::uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 15];
}

std::string with_span(std::string_view trace_id) {
  std::string out;
  out.reserve(55);
  out.append("00-").append(trace_id).append("-");
  append_hex(out, next_random());
  return out.append("-01");
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos && text.find_first_not_of('0') != text.npos;
}

}  // namespace

Trace Trace::make() {
  std::string id;
  append_hex(id, next_random());
  append_hex(id, next_random());
  return Trace(with_span(id));
}

Trace Trace::from(std::string_view given) {
  const bool shaped = given.size() >= 55 && given[2] == '-' && given[35] == '-' && given[52] == '-' &&
                      given.substr(0, 2) != "ff";
  if (!shaped || !is_hex(given.substr(3, 32)) || !is_hex(given.substr(36, 16))) return make();
  return Trace(with_span(given.substr(3, 32)));
}

}  // namespace patchbay
