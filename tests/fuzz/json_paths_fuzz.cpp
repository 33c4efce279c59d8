#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "hooks/json_paths.hpp"

// What the pass over the text finds in a sound document is what a built document holds; all_of believes sound
// ones only.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nlohmann::json;
  using patchbay::hooks::JsonPaths;
  static const auto* paths = new JsonPaths({"/message/chat/id", "/a/0", "/a~1b/~0", "/update_id"});
  static const auto* strict = new JsonPaths({"/value/*/state"}, true);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t found = 0;
  paths->scan(text, [&](std::size_t index, const std::string&, JsonPaths::Kind) {
    if (index > 3) std::abort();
    ++found;
    return found < 100;
  });
  const bool all = strict->all_of(text, [](const std::string& value) { return value == "good"; });
  if (!all) return 0;
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) std::abort();
  for (const auto& item : document.at("value")) {
    if (item.at("state").get_ref<const std::string&>() != "good") std::abort();
  }
  return 0;
}
