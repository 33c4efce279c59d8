#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/chat/split.hpp"

namespace patchbay::domain::chat {

// What a channel can carry, as its manifest declares it (`channel.limits`, sdk/docs/verbs.md).
struct ChannelLimits {
  struct Length {
    std::size_t max = 0;
    Unit unit = Unit::utf16;
  };
  struct Files {
    std::int64_t max_bytes = 0;
    std::vector<std::string> types;  // "image/jpeg", "image/*", "*/*"
  };

  std::optional<Length> text;     // nothing: any length
  std::optional<Length> caption;  // nothing: files have no captions
  std::size_t album = 1;          // files of one call
  std::vector<std::vector<std::string>> album_groups;
  bool buttons = false;
  bool reply = false;
  bool location = false;
  bool templates = false;      // messages that the provider has approved beforehand
  std::int64_t window_ms = 0;  // after the client's last message: later only templates; 0: always open
  std::map<std::string, Files> files;  // by kind

  bool takes(std::string_view kind, std::string_view type) const;
  // Whether two kinds of files may go in one album.
  bool go_together(std::string_view one, std::string_view other) const;
  // The kind that a file of this MIME type is sent as: its own (animation, image, video, audio, voice) where
  // the channel takes it, else document; nothing when the channel takes neither.
  std::optional<std::string> kind_for(std::string_view type) const;
  // "document (*/*) <= 50 MB, image (image/jpeg image/png) <= 10 MB": for an error that says what is allowed
  // (CHAT-21).
  std::string allowed_files() const;
};

// From the JSON of `channel`; members that are missing or wrong are left out.
ChannelLimits read_limits(std::string_view manifest_channel);

}  // namespace patchbay::domain::chat
