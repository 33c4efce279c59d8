#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/chat/compose.hpp"
#include "domain/chat/impl/context.hpp"
#include "domain/chat/limits.hpp"
#include "domain/chat/model.hpp"
#include "outbox/queue.hpp"

namespace patchbay::domain::chat {

// What became of a message that was posted.
struct Posted {
  Message message;
  std::optional<outbox::Item> first;           // what was put into the outbox; nothing when the key was known
  std::optional<Duration> first_answer_after;  // of a chat's first by a person
};

// One message to be written, with all that is to be sent, in the caller's transaction, which holds the chat
// (ChatTable::hold): so the parts of two messages never mix, and a key is seen by whoever comes second. May
// be written again after a rollback.
class Posting {
 public:
  Posting(Draft draft, ChannelLimits limits, std::string key, Sender sender)
      : draft_(std::move(draft)),
        limits_(std::move(limits)),
        key_(std::move(key)),
        sender_(std::move(sender)) {}

  Posted write(Context& context, const Chat& chat) const;

 private:
  std::optional<Message> known(Context& context, const Chat& chat) const;
  std::vector<Attachment> files(Context& context, const Chat& chat) const;
  void check_reply(Context& context, const Chat& chat) const;
  void check_window(Context& context, const Chat& chat) const;
  outbox::Item enqueue(Context& context, const Chat& chat, Id message, const Composition& composition) const;

  const Draft draft_;
  const ChannelLimits limits_;
  const std::string key_;
  const Sender sender_;
};

}  // namespace patchbay::domain::chat
