#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"

namespace patchbay::domain::chat {

// Where a message stands. Declared in rising order: a receipt that says less than what is known changes
// nothing. received is for incoming messages, the rest for outgoing ones.
enum class Delivery { received, queued, sending, uncertain, sent, failed, delivered, read };

std::string_view delivery_name(Delivery state);
std::optional<Delivery> parse_delivery(std::string_view name);

// A person (or bot) as a channel knows it.
struct Client {
  Id id = 0;
  std::string external_id;
  std::string name;
  std::string username;
  std::string language;
  std::string phone;  // as the channel told it, here and below; may be empty
  std::string email;
  bool is_bot = false;
  std::optional<Id> contact;  // who he is (CHAT-15)
  bool unlinked = false;      // a person has said that he is no contact
};

// One conversation on one channel, from its first message until it is finished.
struct Chat {
  Id id = 0;
  Id integration = 0;
  std::string conversation;  // the provider's id of it
  std::string kind;          // private, group, channel
  std::string title;
  std::string facts = "{}";    // JSON: what the plugin wants to get back when it sends
  std::string state = "held";  // a routing::Stage
  std::optional<Id> queue;
  std::optional<Id> owner;  // its operator, of a finished one the last; a chat of a bot has none
  std::optional<Id> client;
  std::optional<Id> contact;  // of its client
  bool may_be_away = false;   // its queue says when nobody is there (CHAT-32)
  bool reachable = true;
  std::optional<std::string> reason;  // why it is not reachable, as Text::kept like all reasons here
  std::optional<Id> merged_into;      // the chat that goes on with it
  std::int64_t created_at = 0;        // Unix milliseconds, here and below
  std::int64_t last_message_at = 0;
};

struct Attachment {
  Id id = 0;
  std::string kind;  // image, video, audio, voice, animation, sticker, document
  std::string name;
  std::string type;
  std::optional<std::int64_t> size;
  std::optional<std::int64_t> width;
  std::optional<std::int64_t> height;
  std::optional<std::int64_t> duration_ms;
  std::string state;                  // pending, ready, failed
  std::optional<std::string> reason;  // why it failed
  std::optional<Id> blob;             // where its bytes are, once ready
};

struct Message {
  Id id = 0;
  Id chat = 0;
  bool outgoing = false;
  std::optional<Client> author;
  std::string text;
  std::string content = "{}";  // JSON: location, contact, sticker, buttons, ... as in sdk/docs/verbs.md
  std::vector<Attachment> attachments;
  Delivery state = Delivery::received;
  std::optional<std::string> reason;
  std::optional<std::string> provider_id;
  std::int64_t provider_at = 0;  // with sequence and id: the place in the chat
  std::int64_t sequence = 0;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> edited_at;
  std::optional<std::int64_t> deleted_at;
  std::optional<Id> reply_to;
  std::optional<Id> sender;  // the user who sent it; none: a client, a plugin, a token
  std::string trace;         // of the request that brought it, or that it was posted by (HOOK-5)
};

}  // namespace patchbay::domain::chat
