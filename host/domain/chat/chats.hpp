#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/compose.hpp"
#include "domain/chat/model.hpp"
#include "metrics/registry.hpp"
#include "outbox/channels.hpp"
#include "outbox/queue.hpp"
#include "plugin/caller.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// Part of a list, and where the next part begins (nothing: that was all).
template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;
};

// A file of a message: where its bytes are.
struct File {
  std::string state;  // pending, ready, failed
  std::string name;
  std::string type;
  std::optional<Id> blob;  // once ready; see store/blobs.hpp
  Id chat = 0;             // of its message
  std::optional<std::string> reason;
};

// Which chats a list shows: all that is set must fit.
struct ChatFilter {
  std::optional<Id> integration;
  std::optional<Id> queue;
  std::optional<std::string> state;  // a routing::Stage
};

// What carries a chat.
struct Carrier {
  Id integration = 0;
  std::string name;  // of the integration
  std::string plugin;
  ChannelLimits limits;
};

// What the API does with chats and messages. Any thread; all outlive it.
class Chats {
 public:
  struct Parts {
    Parts(store::Store& s, outbox::Channels& h, plugin::Caller& p, const Clock& c, IdMint& i)
        : store(s), channels(h), caller(p), clock(c), ids(i) {}
    store::Store& store;
    outbox::Channels& channels;
    plugin::Caller& caller;
    const Clock& clock;
    IdMint& ids;
    // An item has been committed: the dispatcher may look.
    std::function<void(const outbox::Item& first)> wake;
    metrics::Metric answered;  // seconds until a person answered first, by queue (its id)
  };
  explicit Chats(Parts parts) : parts_(std::move(parts)) {}

  // By id, at most `limit`; `cursor` is what the page before said, or empty.
  // Throws Error{invalid} "domain.chat.cursor" for a cursor that is none, here and below.
  boost::asio::awaitable<Page<Chat>> list(ChatFilter filter, std::string cursor, int limit);
  // Throws Error{not_found} "domain.chat.no_chat", "domain.chat.no_message", here and below. A chat that was
  // merged answers as the one that goes on.
  boost::asio::awaitable<Chat> get(Id chat);
  // Oldest first: by the provider's time and sequence.
  boost::asio::awaitable<Page<Message>> messages(Id chat, std::string cursor, int limit);
  boost::asio::awaitable<Message> message(Id message);

  // Writes the message and what is to be sent in one transaction. With a key that the chat has seen, answers
  // with the message that was made then; Error{conflict} "domain.chat.key_reused" if it says something else.
  // Error{invalid} "domain.chat.refused" with diagnostics when the channel cannot carry it.
  // Error{denied} "domain.routing.not_yours" where the sender must have the chat and has not.
  boost::asio::awaitable<Message> post(Id chat, Draft draft, std::string idempotency_key, Sender sender);

  // The templates that may be sent in a chat, as its plugin lists them: {"templates": [...]} of
  // pb.channel/1:templates. Throws Error{unavailable} with the reason when they cannot be had now.
  boost::asio::awaitable<std::string> templates(Id chat);

  // Throws Error{conflict} "domain.chat.no_channel" when nothing carries it any more.
  boost::asio::awaitable<Carrier> carrier(Id chat);

  // The file behind the id of an attachment; nothing when the id is none of an attachment.
  boost::asio::awaitable<std::optional<File>> file(Id attachment);

 private:
  Parts parts_;
};

}  // namespace patchbay::domain::chat
