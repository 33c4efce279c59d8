#include "base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace patchbay {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the well-formed sequence at the start of `raw` (Unicode 15, table 3-7), or 0.
std::size_t sequence_length(std::string_view raw) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(raw[i]); };
  const auto tail = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return i < raw.size() && byte(i) >= low && byte(i) <= high;
  };
  const auto lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

// Bytes of plain ASCII at the start, U+0000 apart: most text is nothing else.
std::size_t ascii_length(std::string_view raw) {
  std::size_t length = 0;
  for (std::uint64_t word = 0; length + sizeof word <= raw.size(); length += sizeof word) {
    std::memcpy(&word, raw.data() + length, sizeof word);
    const auto zeros = (word - 0x0101010101010101u) & ~word;
    if (((word | zeros) & 0x8080808080808080u) != 0) break;
  }
  while (length < raw.size() && static_cast<signed char>(raw[length]) > 0) ++length;
  return length;
}

}  // namespace

std::string repair_utf8(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  while (!raw.empty()) {
    if (const auto plain = ascii_length(raw); plain > 0) {
      out += raw.substr(0, plain);
      raw.remove_prefix(plain);
      continue;
    }
    const auto length = sequence_length(raw);
    if (length == 0 || raw[0] == '\0') {
      out += kReplacement;
      raw.remove_prefix(1);
    } else {
      out += raw.substr(0, length);
      raw.remove_prefix(length);
    }
  }
  return out;
}

bool is_valid_utf8(std::string_view raw) {
  while (!raw.empty()) {
    raw.remove_prefix(ascii_length(raw));
    if (raw.empty()) break;
    const auto length = sequence_length(raw);
    if (length == 0) return false;
    raw.remove_prefix(length);
  }
  return true;
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

}  // namespace patchbay
