#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"

namespace patchbay::live {

// What is told in order: a conversation of an integration, or something of the host's own.
class Topic {
 public:
  Topic(Id owner_, std::string name_) : owner(owner_), name(std::move(name_)) {}
  auto operator<=>(const Topic&) const = default;

  Id owner;          // an integration, 0: the host
  std::string name;  // of that owner
};

// What is to be told.
class Draft {
 public:
  explicit Draft(std::string data_) : data(std::move(data_)) {}

  std::string type;  // of the event, one word; empty: "message"
  std::string data;  // JSON
  std::optional<std::string>
      key;  // a second one of the topic with the same key is known, while the first is kept
};

// What was told.
class Event {
 public:
  Event(std::int64_t id_, std::string type_, std::string data_)
      : id(id_), type(std::move(type_)), data(std::move(data_)) {}

  std::int64_t id;  // above zero, rises within its topic
  std::string type;
  std::string data;
};

// What came of a draft.
class Appended {
 public:
  Appended() = default;
  Appended(std::int64_t id_, bool known_) : id(id_), known(known_) {}

  std::int64_t id = 0;
  bool known = false;  // it is an earlier event, with the same key
};

// Events of a topic after one that the reader has.
class Reading {
 public:
  // Some of what the reader lacks is not kept any more, or its id is none of this topic: it goes on at
  // `after` and learns elsewhere how things stand.
  bool reset = false;
  std::int64_t after = 0;     // the id after which `events` begin
  std::vector<Event> events;  // in order; maybe not all
  std::int64_t last = 0;      // up to where there is no more for this reader; 0: up to the last of `events`
};

// Reads a log that has events for some readers only. Of one coroutine at a time.
class Reader {
 public:
  virtual ~Reader() = default;
  // At most about `most` events after the id `after`; 0: the reader begins. Throws what the store throws.
  virtual boost::asio::awaitable<Reading> read(std::int64_t after, std::int64_t most) = 0;
};

}  // namespace patchbay::live
