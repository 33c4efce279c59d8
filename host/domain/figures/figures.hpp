#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::domain::figures {

// What is looked at: from `from`, before `to`, in pieces of `step` that begin with `from`.
struct Span {
  Span(TimePoint from_, TimePoint to_, Duration step_) : from(from_), to(to_), step(step_) {}
  TimePoint from;
  TimePoint to;
  Duration step;
  std::optional<Id> queue;  // none: all of them
};

// How long clients waited, in milliseconds.
struct Waits {
  std::int64_t count = 0;
  std::int64_t total_ms = 0;
};
// The same, with what half of them waited at most, and nine of ten.
struct Spread {
  Waits waits;
  std::int64_t median_ms = 0;
  std::int64_t p90_ms = 0;
};

// What happened to chats in a while.
struct Counts {
  std::int64_t created = 0;
  std::int64_t missed = 0;     // offers that their operator let pass (CHAT-5)
  std::int64_t finished = 0;   // by whomever
  std::int64_t timed_out = 0;  // of these, for silence (CHAT-8)
  Waits accepted;              // until an operator accepted; once more for each who accepted a chat
  Waits answered;              // until a person answered first, from when the chat first waited
};

struct Piece {
  TimePoint at;
  Counts counts;
};

struct OperatorFigures {
  Id id = 0;
  std::string name;
  std::int64_t in_progress = 0;  // now, with what is assigned to him
  Counts counts;                 // `created` stays 0
};

struct QueueNow {
  std::optional<Id> queue;  // none: of chats that have none
  std::string name;
  std::int64_t held = 0;  // of channels that are switched off
  std::int64_t with_bot = 0;
  std::int64_t waiting = 0;
  std::int64_t assigned = 0;
  std::int64_t in_progress = 0;
  std::optional<TimePoint> waiting_since;  // the one that has waited longest
};

struct ChatFigures {
  std::vector<QueueNow> now;  // by name; queues without an open chat too
  Counts total;
  Spread to_accept;
  Spread to_answer;
  std::vector<Piece> pieces;               // each of the span
  std::vector<OperatorFigures> operators;  // who did anything, or has chats; by name
};

// Figures of chats (CHAT-31), counted from what chats wrote down. Any thread; the store outlives it.
class Figures {
 public:
  explicit Figures(store::Store& store) : store_(store) {}

  // Throws Error{invalid} "domain.refused" with a diagnostic at /from, /to or /step: a span of kLongest at
  // most, of kMostPieces at most, steps of whole minutes.
  boost::asio::awaitable<ChatFigures> chats(Span span);

  static constexpr Duration kLongest = std::chrono::days(400);
  static constexpr std::int64_t kMostPieces = 10'000;

 private:
  store::Store& store_;
};

// Open chats by queue, in the caller's transaction. Costs what there are open.
std::vector<QueueNow> open_chats(store::Session& session);

}  // namespace patchbay::domain::figures
