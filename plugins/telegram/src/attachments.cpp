#include "attachments.hpp"

#include <cstdint>
#include <optional>
#include <utility>

namespace telegram {
namespace {

struct Shape {
  constexpr Shape(const char* kind_, const char* stem_, const char* extension_, const char* type_)
      : kind(kind_), stem(stem_), extension(extension_), type(type_) {}
  const char* kind;
  const char* stem;
  const char* extension;
  const char* type;
};

Json attachment(const Json& file, const Shape& shape, const std::string& message_id) {
  std::string name = text_of(file, "file_name");
  if (name.empty()) name = std::string(shape.stem) + "-" + message_id + shape.extension;
  std::string type = text_of(file, "mime_type");
  if (type.empty()) type = shape.type;
  const auto size = number_of(file, "file_size");

  Json opaque = {{"file_id", text_of(file, "file_id")}, {"name", name}, {"type", type}};
  put(opaque, "size", size);
  Json out = {{"kind", shape.kind}, {"file", std::move(opaque)}, {"name", name}, {"type", type}};
  put(out, "unique_id", text_of(file, "file_unique_id"));
  put(out, "size", size);
  put(out, "width", number_of(file, "width"));
  put(out, "height", number_of(file, "height"));
  if (const auto side = number_of(file, "length")) {  // a round video message
    out["width"] = *side;
    out["height"] = *side;
  }
  const auto seconds = number_of(file, "duration");
  if (seconds && *seconds >= 0 && *seconds < (std::int64_t{1} << 40)) out["duration_ms"] = *seconds * 1000;
  return out;
}

// Sizes of a photo come in any order; the largest one is the photo.
const Json* largest(const Json& sizes) {
  if (!sizes.is_array()) return nullptr;
  const Json* best = nullptr;
  double best_area = -1;
  for (const Json& size : sizes) {
    if (!size.is_object()) continue;
    const double area = static_cast<double>(number_of(size, "width").value_or(0)) *
                        static_cast<double>(number_of(size, "height").value_or(0));
    if (area >= best_area) {
      best = &size;
      best_area = area;
    }
  }
  return best;
}

constexpr Shape kPhoto("image", "photo", ".jpg", "image/jpeg");
constexpr Shape kVideo("video", "video", ".mp4", "video/mp4");

Shape sticker_shape(const Json& sticker) {
  if (flag_of(sticker, "is_video")) return {"sticker", "sticker", ".webm", "video/webm"};
  if (flag_of(sticker, "is_animated")) return {"sticker", "sticker", ".tgs", "application/x-tgsticker"};
  return {"sticker", "sticker", ".webp", "image/webp"};
}

Json paid_media(const Json& media, const std::string& message_id) {
  Json out = Json::array();
  const Json& items = member(media, "paid_media");
  if (!items.is_array()) return out;
  for (const Json& item : items) {
    const Json& live = member(item, "live_photo");
    if (const Json* still = largest(member(live, "photo"))) {
      out.push_back(attachment(*still, kPhoto, message_id));
    } else if (!text_of(live, "file_id").empty()) {
      out.push_back(attachment(live, kVideo, message_id));
    } else if (const Json* photo = largest(member(item, "photo"))) {
      out.push_back(attachment(*photo, kPhoto, message_id));
    } else if (member(item, "video").is_object()) {
      out.push_back(attachment(member(item, "video"), kVideo, message_id));
    }
  }
  return out;
}

}  // namespace

Json attachments_of(const Json& message, const std::string& message_id) {
  Json out = Json::array();
  const auto add = [&](const char* key, const Shape& shape) {
    const Json& file = member(message, key);
    if (!file.is_object()) return false;
    out.push_back(attachment(file, shape, message_id));
    return true;
  };
  // Before "document": an animation fills that as well.
  if (add("animation", {"animation", "animation", ".mp4", "video/mp4"})) return out;
  if (add("audio", {"audio", "audio", ".mp3", "audio/mpeg"})) return out;
  if (add("document", {"document", "document", "", "application/octet-stream"})) return out;
  if (add("sticker", sticker_shape(member(message, "sticker")))) return out;
  if (add("video", kVideo)) return out;
  if (add("video_note", {"video", "video-message", ".mp4", "video/mp4"})) return out;
  if (add("voice", {"voice", "voice", ".ogg", "audio/ogg"})) return out;
  if (const Json* photo = largest(member(message, "photo"))) {
    out.push_back(attachment(*photo, kPhoto, message_id));
    return out;
  }
  return paid_media(member(message, "paid_media"), message_id);
}

}  // namespace telegram
