#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"
#include "domain/chat/impl/event_data.hpp"

// Whatever a plugin tells either reads or is refused as invalid.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 6> kTypes = {"message.received", "message.edited",
                                                      "message.deleted",  "message.status",
                                                      "button.pressed",   "conversation.changed"};
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    patchbay::domain::chat::read_event(kTypes[data[0] % kTypes.size()], text, 0);
  } catch (const patchbay::Error& error) {
    if (error.code() != patchbay::Code::invalid) throw;
  }
  return 0;
}
