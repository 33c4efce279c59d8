#include "web/impl/json_body.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "web/problem.hpp"

namespace patchbay::web {
namespace {

constexpr int kMaxDepth = 64;

// Nesting is what a short text could exhaust our stack with.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

StatusError broken(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = before.size() - (start == before.npos ? 0 : start + 1) + 1;
  return StatusError(
      400, Text("web.broken_json", {{"line", std::to_string(line)}, {"column", std::to_string(column)}}));
}

}  // namespace

nlohmann::json parse_json_body(std::string_view text) {
  if (too_deep(text))
    throw StatusError(400, Text("web.json_too_deep", {{"limit", std::to_string(kMaxDepth)}}));
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw broken(text, error.byte);
  } catch (const nlohmann::json::out_of_range&) {
    throw StatusError(400, Text("web.json_number"));
  }
}

bool is_json_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type == "application/json" || type.ends_with("+json");
}

}  // namespace patchbay::web
