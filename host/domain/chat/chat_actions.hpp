#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/processes/processes.hpp"
#include "domain/routing/router.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// What operators of a queue can start in its open chats (CHAT-18).
struct ChatAction {
  Id id = 0;
  std::string name;  // one of a kind in its queue
  Id queue = 0;
  std::string process;  // its code
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

struct ChatActionChange {
  std::optional<std::string> name;
  std::optional<Id> queue;
  std::optional<std::string> process;
};

// Every change is in the audit log under the name `who`. A process that an action uses is not removed; the
// actions of a queue go with it. Any thread; all outlive it. Throws Error{invalid} with a diagnostic for each
// field that cannot be, Error{not_found}, Error{conflict} for a name that is taken.
class ChatActions {
 public:
  // From now on processes know who uses them.
  ChatActions(store::Store& store, const Clock& clock, IdMint& ids, processes::Processes& processes);

  boost::asio::awaitable<std::vector<ChatAction>> list(Id after, std::size_t limit);
  boost::asio::awaitable<ChatAction> get(Id id);
  // Its process must need nothing but ChatId and ContactId.
  boost::asio::awaitable<ChatAction> create(ChatActionChange wanted, store::Actor who);
  boost::asio::awaitable<ChatAction> change(Id id, ChatActionChange change, store::Actor who);
  boost::asio::awaitable<void> remove(Id id, store::Actor who);

  // Those of a chat's queue, by name, for its operators, for who has the chat and for who manages chats.
  // Nothing for others and of a chat that is finished. Throws Error{not_found} for a chat that is none.
  boost::asio::awaitable<std::vector<ChatAction>> for_chat(Id chat, routing::Person who);
  // A run of its process with the chat's id and that of its client's contact, as far as the process takes
  // them, and a line of the chat's history. A process of the plugin by which the chat came works on the
  // chat's own integration. With a key that the chat has seen, the run that was started then.
  // Throws Error{not_found} for a chat or an action that is none, Error{denied} for whom it is not,
  // Error{conflict} with what stands in the way.
  boost::asio::awaitable<processes::Run> start(Id chat, Id action, std::string idempotency_key,
                                               routing::Person who);

 private:
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
  processes::Processes& processes_;
};

}  // namespace patchbay::domain::chat
