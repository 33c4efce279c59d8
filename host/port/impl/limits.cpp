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

bool is_too_deep(std::string_view json) {
  constexpr int kDeepest = 100;
  int depth = 0;
  bool is_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (is_string && c == '\\') ++i;
    if (c == '"') is_string = !is_string;
    if (is_string) continue;
    if ((c == '[' || c == '{') && ++depth > kDeepest) return true;
    if (c == ']' || c == '}') --depth;
  }
  return false;
}

Result failure(Code code, const Text& text) {
  Result result(code, text.english());
  result.kept = text.kept();
  if (text.id().empty()) return result;
  nlohmann::json args = nlohmann::json::object();
  for (const auto& [name, value] : text.args()) args[name] = value;
  nlohmann::json message = {{"text_id", text.id()}, {"args", std::move(args)}};
  result.message.json = message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return result;
}

}  // namespace patchbay::port
