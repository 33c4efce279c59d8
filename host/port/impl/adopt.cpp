#include "port/impl/adopt.hpp"

#include "port/limits.hpp"

namespace patchbay::port {

bool take_message(const pb_message* theirs, Message& mine) {
  const auto message = adopt(theirs);
  if (theirs == nullptr) return true;
  if (message.encoding != PB_JSON && message.body.size != 0) return false;
  if (message.body.size > kMaxJson || message.blob_count > kMaxBlobs) return false;
  if (message.blob_count != 0 && message.blobs == nullptr) return false;
  std::size_t total = kMaxHead + message.body.size;
  for (std::uint64_t i = 0; i < message.blob_count; ++i) {
    const auto size = message.blobs[i].size;
    if (size > kMaxFrame - std::min(total, kMaxFrame)) return false;
    total += size + sizeof(std::uint64_t);
  }
  if (total > kMaxFrame) return false;
  mine.json = text_of(message.body);
  mine.blobs.reserve(message.blob_count);
  for (std::uint64_t i = 0; i < message.blob_count; ++i) mine.blobs.emplace_back(text_of(message.blobs[i]));
  return true;
}

Result take_result(const pb_result* theirs) {
  constexpr auto kLeast = offsetof(pb_result, code) + sizeof(pb_code);
  if (theirs == nullptr || theirs->struct_size < kLeast)
    return failure(Code::internal, Text("port.answer_missing"));
  const auto result = adopt(theirs);
  Result mine;
  mine.code = code_from(result.code);
  mine.retry_after = Duration{result.retry_after_ms};
  mine.text = text_of(result.text).substr(0, kMaxHead / 8);
  if (!take_message(result.msg, mine.message)) return failure(Code::internal, Text("port.answer_too_large"));
  return mine;
}

Lent::Lent(const Message& message) {
  blobs_.reserve(message.blobs.size());
  for (const auto& blob : message.blobs) blobs_.push_back(view_of(blob));
  message_.struct_size = sizeof message_;
  message_.encoding = PB_JSON;
  message_.body = view_of(message.json);
  message_.blobs = blobs_.data();
  message_.blob_count = blobs_.size();
}

}  // namespace patchbay::port
