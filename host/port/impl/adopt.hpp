#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "patchbay/abi.h"
#include "port/message.hpp"

// Between the structs of the C contract and ours.
namespace patchbay::port {

// A struct of the other side, as far as both know it; the rest is zero. Null reads as all zero.
template <class T>
T adopt(const T* theirs) {
  T mine{};
  if (theirs != nullptr) std::memcpy(&mine, theirs, std::min<std::size_t>(theirs->struct_size, sizeof mine));
  return mine;
}

inline std::string_view text_of(const pb_view& view) {
  if (view.data == nullptr) return {};
  return std::string_view(static_cast<const char*>(view.data), view.size);
}

inline pb_view view_of(std::string_view text) {
  return pb_view{text.data(), text.size()};
}

// Copies; nothing when it is over the limits or not JSON. A null message is an empty one.
bool take_message(const pb_message* theirs, Message& mine);
Result take_result(const pb_result* theirs);

// Lends a message for the time of one call over the seam.
class Lent {
 public:
  explicit Lent(const Message& message);
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  const pb_message* get() const { return &message_; }

 private:
  std::vector<pb_view> blobs_;
  pb_message message_{};
};

}  // namespace patchbay::port
