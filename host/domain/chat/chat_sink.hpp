#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/client_contacts.hpp"
#include "hooks/event_sink.hpp"

namespace patchbay::domain::chat {

// Writes what channels tell into chats and messages (CHAT-12, CHAT-13): message.received, message.edited,
// message.deleted, message.status, button.pressed, conversation.changed, conversation.control.
//
// Events may come in any order and more than once: the provider's names make one message of duplicates,
// receipts and deletions wait a day for their message, an edit that comes first becomes the message, states
// only rise, and the parts of an album join one message. Nothing that a plugin said is dropped: what has no
// column is in the message's content. Thread-safe; keeps nothing of them in memory.
class ChatSink final : public hooks::EventSink {
 public:
  using Committed = std::function<void(const std::vector<Id>& integrations)>;
  using Meet = std::function<void(store::Session&, const Stranger&)>;

  // `clock` and `ids` outlive the sink. `committed` hears of each commit, on a store thread: files may wait
  // to be fetched, presses to be acknowledged. `waiting`, there too: chats wait for an operator; where it is
  // late, the router's own look finds them. `meet`, in the transaction: a client writes who is no contact
  // (ClientContacts::meet).
  ChatSink(const Clock& clock, IdMint& ids, Committed committed, std::function<void()> waiting = {},
           Meet meet = {});

  // Throws Error{invalid} for data that lacks what is needed, or for a type that is not of a channel.
  void apply(store::Session& session, const std::vector<hooks::Arrived>& events) override;
  std::optional<std::string> fault_of(const hooks::Event& event) const override;
  void committed(const std::vector<Id>& integrations) override;

 private:
  const Clock& clock_;
  IdMint& ids_;
  const Committed committed_;
  const std::function<void()> waiting_;
  const Meet meet_;
  std::atomic<bool> waits_ = false;
};

}  // namespace patchbay::domain::chat
