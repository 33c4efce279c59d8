#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"

// What happens in the domain, in the order in which it could be seen: written in the transaction that does
// it, read by whoever follows (live, subscribers). Ids are given before a commit and commits pass each other,
// so each row gets a place after its commit, and readers go by places: who has read one has missed nothing
// before it.
namespace patchbay::domain::journal {

// One thing that happened, in few words: whoever wants more reads it where it is. Zero: none.
struct Entry {
  explicit Entry(std::string type_, Id subject_ = 0) : type(std::move(type_)), subject(subject_) {}

  std::string type;  // "chat.changed"; all of them are in this folder's part of the README
  Id subject;        // what it happened to: the chat, message, user, queue, integration
  Id chat = 0;       // of a message
  Id queue = 0;      // of the chat
  Id former_queue = 0;
  Id owner = 0;        // the chat's operator, or the user whom it concerns
  Id former = 0;       // who had the chat before
  Id audience = 0;     // the user or role whom a notification concerns; not shown
  std::string object;  // of a record: what kind
  std::string state;
  std::string reason;
};

// What it holds, as it is told to people and others: ids are strings, what is none is left out.
nlohmann::json shown(const Entry& entry);

// What one transaction did.
struct Line {
  std::int64_t place = 0;  // from 1, without gaps
  std::int64_t at = 0;     // Unix milliseconds
  std::vector<Entry> entries;
};

// Announced by each transaction that writes (store/announcements.hpp).
inline constexpr std::string_view kWritten = "journal";
// Of one line; more become several.
inline constexpr std::size_t kMostEntries = 1'000;

// In the caller's transaction. Nothing for no entries.
void write(store::Session& session, IdMint& ids, TimePoint now, const std::vector<Entry>& entries);
void write(store::Session& session, IdMint& ids, TimePoint now, Entry entry);

// True where committed lines wait for a place.
bool has_unplaced(store::Session& session);
// Gives places to what was committed, at most `most` lines; returns how many. Alone among
// the hosts.
std::size_t give_places(store::Session& session, std::size_t most);

// Marks: see 0017_journal.sql. 0 for one that is none.
std::int64_t mark(store::Session& session, const std::string& name);
inline constexpr const char* kPlaced = "placed";
inline constexpr const char* kForgotten = "forgotten";
// The same of a mark that its reader moves: alone among the hosts until the transaction ends.
std::int64_t hold_mark(store::Session& session, const std::string& name);
void move_mark(store::Session& session, const std::string& name, std::int64_t place);

// Lines after a place, in order, at most `most`.
std::vector<Line> read_after(store::Session& session, std::int64_t place, std::size_t most);
// Lines before a time, at most `most`; returns how many there were. Nothing that a mark other than these two
// has not passed.
std::size_t forget_before(store::Session& session, TimePoint time, std::size_t most);

}  // namespace patchbay::domain::journal
