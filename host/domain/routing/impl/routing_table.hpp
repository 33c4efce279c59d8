#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/routing/router.hpp"
#include "store/store.hpp"

namespace patchbay::domain::routing {

// Who did something to a chat, and what he said about it.
struct Actor {
  explicit Actor(std::string name_, std::string note_ = {})
      : name(std::move(name_)), note(std::move(note_)) {}
  std::string name;  // "user:<login>", "host"
  std::string note;  // for whoever has the chat next; may be empty
};

// The rows of routing, in the caller's transaction. "hold" reads a row that nobody else changes until it
// ends; to hold several, chats come first, then operators by id.
class RoutingTable {
 public:
  RoutingTable(store::Session& session, IdMint& ids, TimePoint now)
      : session_(session), ids_(ids), now_(now) {}

  std::optional<Chat> hold_chat(Id chat);
  // The oldest of a queue that wait, at most `most`.
  std::vector<Chat> hold_waiting(Id queue, std::size_t most);
  // Held chats of a channel whose client wrote within the last day (CHAT-22).
  std::vector<Chat> hold_held(Id integration, std::size_t most);
  // Of a channel, those that nobody has accepted yet.
  std::vector<Chat> hold_unaccepted(Id integration);
  // Assigned to this operator and not accepted.
  std::vector<Chat> hold_assigned(Id who);
  // All that he has.
  std::vector<Chat> hold_own(Id who);
  bool is_in_service(Id who);
  // Made where the user has none yet; nothing for who is no active user.
  std::optional<Operator> hold_operator(Id who);
  std::optional<Operator> read_operator(Id who);
  // Of a queue, who may take one more, by id.
  std::vector<Operator> free_operators(Id queue, const Terms& terms);
  // Without its operators but for `who`, where he is one of them.
  std::optional<Queue> queue(Id queue, std::optional<Id> who = {});
  // Until the transaction ends nobody else distributes this queue.
  void hold_queue(Id queue);
  // Nobody else changes this channel; before its chats.
  void hold_channel(Id integration);
  // Channels that are on and have chats for hold_held().
  std::vector<Id> channels_with_held();

  void save(const Chat& chat, const Step& step, const Actor& by);
  // A line of its history, where it stays as it is.
  void note(const Chat& chat, Reason reason, const Actor& by, std::optional<Id> subject);
  void save(const Operator& one);
  // The journal is told, where his status is another than it told last.
  void show_status(const Operator& one);
  // Operators who are shown and not present any more, at most `most`.
  std::vector<Id> gone(std::size_t most);
  void set_present(Id who, TimePoint until);
  Desk desk(Id who, const Terms& terms);
  Sight sight(Id who, const Terms& terms);
  Colleagues colleagues();
  std::vector<Change> history(Id chat, Id after, std::size_t most);
  // Router::may_read().
  bool may_read(Id chat, Id who, const Terms& terms);
  // Adds to who may still take so many; false: not any more.
  bool take(Id who, std::size_t chats, const Terms& terms);

  // Operators who have had their time for a chat, or are not there any more, with chats that they have not
  // accepted.
  std::vector<Id> lapsed(const Terms& terms, std::size_t most);
  // Ids of chats for which nothing was sent for their queue's idle timeout.
  std::vector<Id> silent(std::size_t most);
  // Queues with a rule that assigns in which chats wait, whoever has waited longest first.
  std::vector<Id> queues_to_distribute();

  // CHAT-32: the client has written in a chat that is open. Outside business hours he is told so, once until
  // they begin again, unless somebody of us has written meanwhile.
  void say_away(Id chat, Id queue);

  // A chat that a client begins now, without an id yet: it waits, or is held, as its channel says (CHAT-22).
  Chat beginning(Id integration);

 private:
  void give_back_to_bot(Id chat);
  void greet(const Chat& chat, const Step& step);
  void say_away(Id chat, Id queue, bool also_beside_us);
  void say_once(Id chat, const std::string& kind, const std::string& text);
  // What a line of history says beside the step.
  struct Detail {
    std::optional<Id> subject;              // a contact
    std::optional<std::int64_t> waited_ms;  // until somebody accepted
  };
  void tell(const char* type, const Step& step, const Actor& by, const Detail& detail);
  std::vector<Id> offering_queues(Id who, const Terms& terms);
  std::optional<Operator> operator_of(const std::optional<store::Row>& row, Id who) const;
  std::int64_t now() const { return now_.time_since_epoch().count(); }

  store::Session& session_;
  IdMint& ids_;
  const TimePoint now_;
};

}  // namespace patchbay::domain::routing
