#include "domain/chat/limits.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const auto* none = new json();
  if (!object.is_object()) return *none;
  const auto found = object.find(key);
  return found == object.end() ? *none : *found;
}

std::optional<ChannelLimits::Length> length_of(const json& from) {
  const auto& max = member(from, "max");
  if (!max.is_number_unsigned() || max.get<std::uint64_t>() == 0) return std::nullopt;
  ChannelLimits::Length length;
  length.max = max.get<std::size_t>();
  const auto& unit = member(from, "unit");
  if (unit == "bytes") length.unit = Unit::bytes;
  if (unit == "characters") length.unit = Unit::characters;
  return length;
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> texts;
  if (!list.is_array()) return texts;
  for (const auto& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

bool matches(std::string_view pattern, std::string_view type) {
  if (pattern == "*/*") return true;
  if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == "/*") {
    return type.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
  }
  return pattern == type;
}

std::vector<std::string> candidates(std::string_view type) {
  if (type == "image/gif") return {"animation", "image", "document"};
  if (type.substr(0, 6) == "image/") return {"image", "document"};
  if (type.substr(0, 6) == "video/") return {"video", "document"};
  if (type.substr(0, 6) == "audio/") return {"audio", "voice", "document"};
  return {"document"};
}

std::string readable_size(std::int64_t bytes) {
  constexpr std::int64_t kMega = 1 << 20;
  if (bytes >= kMega) {
    const auto tenths = bytes * 10 / kMega;
    const auto whole = std::to_string(tenths / 10);
    return (tenths % 10 == 0 ? whole : whole + "." + std::to_string(tenths % 10)) + " MB";
  }
  return std::to_string(bytes / 1024) + " kB";
}

}  // namespace

bool ChannelLimits::takes(std::string_view kind, std::string_view type) const {
  const auto found = files.find(std::string(kind));
  if (found == files.end()) return false;
  const auto& types = found->second.types;
  return std::any_of(types.begin(), types.end(), [&](const auto& pattern) { return matches(pattern, type); });
}

bool ChannelLimits::go_together(std::string_view one, std::string_view other) const {
  const auto has = [](const auto& group, std::string_view kind) {
    return std::find(group.begin(), group.end(), kind) != group.end();
  };
  return std::any_of(album_groups.begin(), album_groups.end(),
                     [&](const auto& group) { return has(group, one) && has(group, other); });
}

std::optional<std::string> ChannelLimits::kind_for(std::string_view type) const {
  for (auto& kind : candidates(type)) {
    if (takes(kind, type)) return kind;
  }
  return std::nullopt;
}

std::string ChannelLimits::allowed_files() const {
  std::string words;
  for (const auto& [kind, limit] : files) {
    if (!words.empty()) words += ", ";
    words += kind + " (";
    for (std::size_t i = 0; i < limit.types.size(); ++i) words += (i > 0 ? " " : "") + limit.types[i];
    words += ") <= " + readable_size(limit.max_bytes);
  }
  return words.empty() ? "-" : words;
}

ChannelLimits read_limits(std::string_view manifest_channel) {
  const auto channel = json::parse(manifest_channel, nullptr, false);
  const auto& from = member(channel, "limits");
  ChannelLimits limits;
  limits.text = length_of(member(from, "text"));
  limits.caption = length_of(member(from, "caption"));
  const auto& album = member(from, "album");
  if (const auto& max = member(album, "max"); max.is_number_unsigned()) {
    limits.album = std::max<std::size_t>(1, max.get<std::size_t>());
  }
  if (const auto& groups = member(album, "groups"); groups.is_array()) {
    for (const auto& group : groups) limits.album_groups.push_back(texts_of(group));
  }
  limits.buttons = member(from, "buttons") == true;
  limits.reply = member(from, "reply") == true;
  limits.location = member(from, "location") == true;
  limits.templates = member(from, "templates") == true;
  if (const auto& seconds = member(from, "window_s"); seconds.is_number_unsigned())
    limits.window_ms = static_cast<std::int64_t>(seconds.get<std::uint32_t>()) * 1000;
  if (const auto& files = member(from, "files"); files.is_object()) {
    for (const auto& [kind, limit] : files.items()) {
      ChannelLimits::Files allowed;
      const auto& max = member(limit, "max_bytes");
      if (max.is_number_unsigned()) allowed.max_bytes = max.get<std::int64_t>();
      allowed.types = texts_of(member(limit, "types"));
      limits.files[kind] = std::move(allowed);
    }
  }
  return limits;
}

}  // namespace patchbay::domain::chat
