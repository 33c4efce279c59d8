#pragma once

#include <optional>
#include <span>
#include <vector>

#include "domain/routing/model.hpp"

// The routing of chats as a state machine over rows: pure, so that a test can drive it through a million
// steps. Whoever calls holds the rows that he passes (no other transaction changes them meanwhile), writes
// back what changed, and afterwards, in a transaction of its own, distributes the queues that may have
// gained: where two changes pass each other, whichever commits last sees both then, and nobody waits beside
// somebody free.
namespace patchbay::domain::routing {

// How a wish ended that may have come too late.
enum class Verdict {
  done,         // also for what had been so already
  taken,        // another operator has the chat; Chat::owner says who
  ended,        // it is finished
  not_offered,  // not to this operator
  not_active,   // who is inactive or offline gets no chats
  at_limit      // has as many as Terms::chats allows
};

// One change of a chat, for its history and for whoever watches.
struct Step {
  Id chat = 0;
  Stage stage = Stage::waiting;  // afterwards, like the rest
  std::optional<Id> owner;
  std::optional<Id> former;  // who owned it before
  Id queue = 0;
  Id former_queue = 0;  // where it came to another
  Reason reason = Reason::distributed;
};

// What a wish came to; a step where it changed something.
struct Outcome {
  Verdict verdict = Verdict::done;
  std::optional<Step> step;
};

// The first step of a chat that a client has begun.
Step opened(const Chat& chat);

bool may_take(const Operator& one, const Terms& terms);
bool serves(const Queue& queue, Id who);
// Shown to this operator for accepting (CHAT-3, CHAT-7).
bool is_offered(const Chat& chat, const Queue& queue, const Operator& one, const Terms& terms);

// CHAT-4, CHAT-9: gives `waiting`, chats of `queue` in any order, the oldest first, to `operators`, those of
// the queue, until nobody may take one more. Nothing where the rule does not assign.
std::vector<Step> distribute(const Queue& queue, std::span<Chat> waiting, std::span<Operator> operators,
                             const Terms& terms, TimePoint now);

// CHAT-3, CHAT-4: `one` takes a chat that is offered to all or assigned to him.
Outcome accept(Chat& chat, const Queue& queue, Operator& one, const Terms& terms, TimePoint now);

// CHAT-5: not accepted for too long.
bool is_missed(const Chat& chat, const Terms& terms, TimePoint now);
// The owner of a missed chat becomes inactive; release() what else was assigned to him. One without a queue
// is held, here and below: nobody else would be asked.
Step miss(Chat& chat, Operator& owner);
// An assigned chat waits again since its operator is not active any more.
Step release(Chat& chat, Operator& owner);
// Any chat of an operator who is out of service.
Step leave(Chat& chat, Operator& owner, TimePoint now);

// CHAT-16. `owner` is the operator of the chat, null where it has none. To an operator: he is asked to
// accept, whatever queues he serves.
Outcome transfer(Chat& chat, Operator* owner, Operator& to, const Terms& terms, TimePoint now);
Outcome transfer(Chat& chat, Operator* owner, Id queue, TimePoint now);
// By its operator, who is asked again only where nobody else may take it. `not_offered` where it has none.
Outcome hand_back(Chat& chat, Operator* owner, TimePoint now);

// A chat that was held or with a bot waits for people from now on.
Outcome admit(Chat& chat, Reason why, TimePoint now);
// Its channel is switched off: what nobody has accepted is held; what an operator or a bot has stays.
Outcome hold_back(Chat& chat, Operator* owner);
// A bot passes its chat to people: it waits, or is held where its channel begins chats so.
Outcome take_from_bot(Chat& chat, Stage begins, TimePoint now);
// The bot takes over what nobody has accepted yet; what an operator has stays his: `taken`.
Outcome give_to_bot(Chat& chat, Operator* owner);

Outcome finish(Chat& chat, Operator* owner, Reason why);
// CHAT-8: nothing was sent for the queue's idle timeout.
bool is_timed_out(const Chat& chat, const Queue& queue, TimePoint now);

}  // namespace patchbay::domain::routing
