#include "domain/settings/definition.hpp"

namespace patchbay::domain::settings {
namespace {

// Frames of MPEG audio begin with eleven set bits; layer 00 is reserved (ISO/IEC 11172-3, 2.4.2.3).
bool is_mpeg_frame(std::string_view head) {
  if (head.size() < 2) return false;
  const auto first = static_cast<unsigned char>(head[0]);
  const auto second = static_cast<unsigned char>(head[1]);
  return first == 0xff && (second & 0xe0) == 0xe0 && (second & 0x06) != 0;
}

}  // namespace

std::optional<std::string> audio_type(std::string_view head) {
  if (head.starts_with("ID3") || is_mpeg_frame(head)) return "audio/mpeg";
  if (head.starts_with("OggS")) return "audio/ogg";
  if (head.starts_with("fLaC")) return "audio/flac";
  if (head.starts_with("RIFF") && head.substr(0, 12).ends_with("WAVE") && head.size() >= 12)
    return "audio/wav";
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return "audio/mp4";
  if (head.starts_with("\x1a\x45\xdf\xa3")) return "audio/webm";
  return std::nullopt;
}

}  // namespace patchbay::domain::settings
