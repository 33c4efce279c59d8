#include "base/trace.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace patchbay {
namespace {

std::string random_hex(std::size_t bytes) {
  std::array<unsigned char, 16> raw{};
  if (::getrandom(raw.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    throw std::runtime_error("getrandom failed");
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) {
    out += kDigits[raw[i] >> 4];
    out += kDigits[raw[i] & 15];
  }
  return out;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos && text.find_first_not_of('0') != text.npos;
}

}  // namespace

Trace Trace::make() {
  return Trace("00-" + random_hex(16) + "-" + random_hex(8) + "-01");
}

Trace Trace::from(std::string_view traceparent) {
  const bool shaped = traceparent.size() >= 55 && traceparent[2] == '-' && traceparent[35] == '-' &&
                      traceparent[52] == '-' && traceparent.substr(0, 2) != "ff";
  if (!shaped || !is_hex(traceparent.substr(3, 32)) || !is_hex(traceparent.substr(36, 16))) return make();
  return Trace("00-" + std::string(traceparent.substr(3, 32)) + "-" + random_hex(8) + "-01");
}

}  // namespace patchbay
