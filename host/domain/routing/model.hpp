#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace patchbay::domain::routing {

class Rule;

// Where a chat is on its way (CHAT-11). That a waiting chat is offered to the operators of a queue whose rule
// is to offer follows from the rest and is kept nowhere.
enum class Stage {
  held,         // its channel is switched off: it is missed unless that changes within a day (CHAT-22);
                // or it has no queue to wait in
  with_bot,     // a bot answers; nobody is asked
  waiting,      // for an operator
  assigned,     // to an operator who has not accepted yet
  in_progress,  // with the operator who accepted
  finished
};

std::string_view stage_name(Stage stage);
std::optional<Stage> parse_stage(std::string_view name);

// Why a chat is where it is now.
enum class Reason {
  distributed,    // by the queue's rule
  accepted,       // by its operator
  missed,         // not accepted in time (CHAT-5)
  operator_left,  // who had not accepted became inactive or offline
  transferred,    // by a person, to an operator or a queue (CHAT-16)
  handed_back,    // by its operator, to the queue
  bot_passed,     // the bot gave it to people
  bot_took,       // the bot has it again
  channel_on,     // the channel was switched on
  channel_off,    // and off, before anybody accepted
  finished,       // by a person
  timed_out,      // nothing was sent for the queue's idle timeout (CHAT-8)
  opened,         // the client wrote first
  merged,         // the conversation became one with another
  // These leave the chat where it is.
  contact_linked,  // its client is a contact since then, or another one (CHAT-15)
  contact_unlinked,
  action_started  // by a person (CHAT-18)
};

std::string_view reason_name(Reason reason);

// What routing needs to know of one chat. An owner exactly while assigned or in progress.
struct Chat {
  Id id = 0;
  Id queue = 0;
  Stage stage = Stage::waiting;
  std::optional<Id> owner;
  TimePoint waiting_since;  // stays where nobody accepted, so that a chat that was missed is still the oldest
  TimePoint assigned_at;    // meaningful while assigned
  std::optional<Id> handed_back_by;  // who is asked again only where nobody else may take it
  std::optional<TimePoint> last_incoming;
  std::optional<TimePoint> last_outgoing;  // whoever sent it

  bool is_open() const { return stage != Stage::finished; }
};

// One who can be asked. Active (CHAT-6) is who wants chats and is there.
struct Operator {
  Id id = 0;
  bool available = true;   // as set by oneself, or by a missed chat
  bool present = true;     // has a live session; offline without
  std::size_t chats = 0;   // assigned and in progress, over all queues
  TimePoint last_taken{};  // when a new chat was last accepted

  bool is_active() const { return available && present; }
};

// "active", "inactive", "offline" (CHAT-6).
std::string_view status_name(const Operator& one);

// One line of a chat's history (CHAT-11).
struct Change {
  Id id = 0;
  std::int64_t at = 0;  // Unix milliseconds
  std::string state;    // afterwards, like queue and owner
  std::string reason;
  std::string actor;  // "user:<login>", "client", "host"
  std::optional<Id> queue;
  std::optional<Id> owner;
  std::optional<Id> former;
  std::string note;
  std::optional<Id> subject;  // the contact, or the run of a process, that it was about
};

struct Queue {
  Id id = 0;
  const Rule* rule = nullptr;    // never null in a queue that is used
  std::vector<Id> operators;     // sorted, each once, roles resolved (CHAT-2)
  std::optional<Duration> idle;  // none: chats are never finished for silence
  bool keep_open = false;        // not finished for silence while the client waits for an answer
};

// Of the installation: SimultaneousChats (CHAT-7) and OmniChatOperatorAcceptChatTimeout (CHAT-5).
struct Terms {
  std::size_t chats = 5;
  Duration accept_within{5 * 60'000};
};

}  // namespace patchbay::domain::routing
