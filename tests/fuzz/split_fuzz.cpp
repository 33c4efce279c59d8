#include <cstdint>
#include <cstdlib>
#include <string>

#include "domain/chat/split.hpp"

// The parts joined are the text, whatever the bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using patchbay::domain::chat::split_text;
  if (size < 1) return 0;
  const std::size_t limit = data[0];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string joined;
  for (const auto& part : split_text(text, limit)) {
    if (part.empty()) std::abort();
    joined += part;
  }
  if (joined != text) std::abort();
  return 0;
}
