#pragma once

#include <string>

#include "using.hpp"

namespace telegram {

// `Conversation` of verbs.md from a Chat.
Json conversation_of(const Json& chat);

// Where in its chat a Message stands (a topic), as the facts that `send` gets back to answer there. An empty
// object in the general topic of a forum; null where chats have no topics and where the message does not say.
Json topic_of(const Json& message);

// `Author` from a User.
Json author_of_user(const Json& user);

// `Author` of a Message: who wrote it, or the chat in whose name it was written (channel posts, anonymous
// admins).
Json author_of(const Json& message);

// What a Message is called within its chat; "" when it has no name. Those that only one person sees have a
// number of their own, and one that Telegram has not sent yet has none at all: both come as number 0.
std::string message_id_of(const Json& message);

// `Content` from a Message that is called `id`. What no field of the contract carries becomes readable text
// in `text`, with its kind in `unsupported`; service messages are in `service`. Never silent: at least one
// field says something.
Json content_of(const Json& message, const std::string& id);

}  // namespace telegram
