#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/abi.h"
#include "patchbay/error.hpp"

namespace patchbay {

inline pb_view view(std::string_view bytes) noexcept {
  return {bytes.data(), bytes.size()};
}
inline std::string_view text(pb_view lent) noexcept {
  if (!lent.data) return {};
  return {static_cast<const char*>(lent.data), static_cast<std::size_t>(lent.size)};
}

// A struct of the other side as this side knows it: what theirs has, zero for what it lacks (struct_size).
template <class Struct>
Struct adopt(const Struct* theirs) noexcept {
  Struct mine = {};
  if (!theirs) return mine;
  const std::size_t size = theirs->struct_size < sizeof mine ? theirs->struct_size : sizeof mine;
  std::memcpy(&mine, theirs, size);
  return mine;
}

// What came across the seam, copied: a document and raw attachments.
class Message {
 public:
  Message() = default;
  explicit Message(Json json_, std::vector<std::string> blobs_ = {})
      : json(std::move(json_)), blobs(std::move(blobs_)) {}

  // Copies borrowed data. A missing or empty document is null. Throws Error(PB_INVALID).
  static Message copy(const pb_message* lent) {
    Message out;
    const pb_message theirs = adopt(lent);
    if (theirs.body.size) {
      if (theirs.encoding != PB_JSON)
        throw Error(PB_INVALID, "The message is not in JSON, the only encoding understood");
      out.json = parse_json(text(theirs.body), "The message");
    }
    for (std::uint64_t i = 0; theirs.blobs && i < theirs.blob_count; ++i)
      out.blobs.emplace_back(text(theirs.blobs[i]));
    return out;
  }

  Json json;
  std::vector<std::string> blobs;
};

// The reverse: owned storage in the form that is lent across the seam. Borrows `blobs`.
class Packed {
 public:
  Packed(const Json& json, const std::vector<std::string>& blobs) {
    if (!json.is_null()) json_ = to_text(json);
    for (const std::string& each : blobs) views_.push_back(view(each));
    message_.struct_size = sizeof message_;
    message_.encoding = PB_JSON;
    message_.body = view(json_);
    message_.blobs = views_.data();
    message_.blob_count = views_.size();
  }
  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;

  const pb_message* message() const { return &message_; }

 private:
  std::string json_;
  std::vector<pb_view> views_;
  pb_message message_ = {};
};

}  // namespace patchbay
