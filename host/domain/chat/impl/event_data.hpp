#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

struct ConversationData {
  std::string id;
  std::string kind;
  std::string title;
  std::string facts;  // JSON object, or empty when the event said none
};

struct AttachmentData {
  std::string kind;
  std::string name;
  std::string type;
  std::optional<std::int64_t> size;
  std::optional<std::int64_t> width;
  std::optional<std::int64_t> height;
  std::optional<std::int64_t> duration_ms;
  std::string file;     // JSON, handed back to the plugin
  std::string details;  // JSON: what this release does not know
  std::optional<std::string> unique_id;
};

// One message, or one part of an album, as a plugin told it.
struct MessageData {
  std::string id;
  std::string text;
  std::string content;  // JSON: all but id, text and attachments
  std::vector<AttachmentData> attachments;
  std::optional<std::string> reply_to;
  std::int64_t at = 0;
  std::int64_t sequence = 0;
  std::optional<std::int64_t> edited_at;
};

// The data of one event of pb.channel/1 (sdk/docs/verbs.md); which members are set depends on the type.
struct EventData {
  ConversationData conversation;
  std::optional<Client> author;
  MessageData message;
  bool from_us = false;  // the message was written from our side, elsewhere
  bool by_bot = false;   // a bot has the conversation: of a message, or from now on
  std::vector<std::string> message_ids;
  std::optional<std::int64_t> up_to;  // a receipt for all that was sent until then
  std::optional<Delivery> state;
  std::optional<std::string> reason;
  std::int64_t at = 0;
  std::string press_id;
  std::optional<bool> reachable;
  std::string moved_to;
};

// Reads the data of an event. Bytes that are no UTF-8 become U+FFFD; wrong types of what is not needed are
// passed over; unknown members stay in `message.content`. `now` stands in for a missing time. Throws
// Error{invalid} "domain.chat.event_invalid" when a member that is needed is not there.
EventData read_event(std::string_view type, std::string_view json, std::int64_t now);

// Milliseconds since 1970 of an RFC 3339 time; nothing when it is none.
std::optional<std::int64_t> milliseconds_of(std::string_view time);

}  // namespace patchbay::domain::chat
