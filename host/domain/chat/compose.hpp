#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"
#include "domain/chat/limits.hpp"
#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

// A message that somebody wants to send.
struct Draft {
  struct File {
    Id id = 0;         // of an uploaded file
    std::string kind;  // empty: by its type
  };

  std::string text;
  std::vector<File> attachments;
  std::optional<Id> reply_to;
  std::string buttons;   // JSON of pb.channel/1:send, or empty
  std::string location;  // the same
  std::string prepared;  // the same: a template, instead of all that; the text is what people here read
};

// Who sends it.
struct Sender {
  explicit Sender(std::string trace_, std::optional<Id> user_ = {}, bool only_own_ = false)
      : trace(std::move(trace_)), user(user_), only_own(only_own_) {}
  std::string trace;       // of the request
  std::optional<Id> user;  // none: a token
  bool only_own;           // only in a chat that is in progress with this user
  bool by_itself = false;  // a greeting (CHAT-32), which is no answer
};

// From the body of POST .../messages: {"text", "attachments": ["id" or {"id", "kind"}], "reply_to",
// "buttons", "location", "template": {"id", "name", "language", "variables"}}. A template without a text
// reads as its name. Throws Error{invalid} with a diagnostic for each member that is wrong.
Draft read_draft(const nlohmann::json& body);

// A message cut for one channel.
struct Composition {
  std::vector<std::string> parts;  // JSON: requests of pb.channel/1:send without conversation, keys and reply
  std::string content;             // JSON: what the message carries besides text and files
};

// Checks a draft against what the channel can carry and cuts it into parts: a text that is no caption goes
// first, files in albums as the channel groups them, then the place. `files` are those of the draft, in
// order, with name, type, size; the kind is filled in. Throws Error{invalid} with diagnostics that say what
// is allowed (CHAT-21). Pure.
Composition compose(const Draft& draft, const ChannelLimits& limits, std::vector<Attachment>& files);

}  // namespace patchbay::domain::chat
