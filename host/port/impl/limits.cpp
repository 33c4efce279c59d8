#include "port/limits.hpp"

#include <nlohmann/json.hpp>

namespace patchbay::port {

bool fits(const Message& message) {
  if (message.json.size() > kMaxJson || message.blobs.size() > kMaxBlobs) return false;
  std::size_t total = kMaxHead + message.json.size();
  for (const auto& blob : message.blobs) {
    if (blob.size() > kMaxFrame) return false;
    total += blob.size() + sizeof(std::uint64_t);
  }
  return total <= kMaxFrame;
}

Result failure(Code code, const Text& text) {
  nlohmann::json args = nlohmann::json::object();
  for (const auto& [name, value] : text.args()) args[name] = value;
  nlohmann::json message = {{"text_id", text.id()}, {"args", std::move(args)}};
  const auto words = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return Result(code, text.english(), Duration{0}, Message(words));
}

}  // namespace patchbay::port
