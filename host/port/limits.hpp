#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "port/message.hpp"

namespace patchbay::port {

inline constexpr std::size_t kMaxFrame = 16u << 20;  // bytes of one message with all its attachments
inline constexpr std::size_t kMaxJson = 4u << 20;    // its JSON
inline constexpr std::size_t kMaxBlobs = 1024;       // its attachments
inline constexpr std::size_t kMaxHead = 64u << 10;   // method, trace and texts around it
inline constexpr std::size_t kMaxUnsent = 8u << 20;  // waiting to be written: above it nothing more is read
inline constexpr std::size_t kMaxStuck = 64u
                                         << 20;    // added to it for an end that takes nothing: then it ends
inline constexpr std::size_t kMaxHostCalls = 256;  // open at once, per instance

// How many calls are inside a plugin at the same time; the rest waits. Listeners, sync runs and lifecycle go
// beside.
class InFlight {
 public:
  InFlight() = default;
  constexpr InFlight(std::size_t per_port_, std::size_t per_instance_)
      : per_port(per_port_), per_instance(per_instance_) {}
  std::size_t per_port = 256;
  std::size_t per_instance = 16;
};

// Whether the brackets of a document are nested beyond 100 levels: what walks it could run out of stack.
bool is_too_deep(std::string_view json);

// Whether the message may cross the seam, in either mode.
bool fits(const Message& message);

// A failing result with its text in every language, and its id for whoever it is passed to.
Result failure(Code code, const Text& text);

}  // namespace patchbay::port
