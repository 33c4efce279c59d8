#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "hooks/inbox_row.hpp"

namespace patchbay::hooks {

// The rows in memory, by lane. No I/O, no locks: used on one strand.
class Lanes {
 public:
  using Key = std::pair<Id, std::string>;

  struct Lane {
    explicit Lane(Key k) : key(std::move(k)) {}

    // Without a declared order nobody may hold up the others.
    bool ordered() const { return !key.second.empty(); }

    Key key;
    std::deque<InboxRow> rows;
    bool behind = false;     // the store holds rows of this lane that are not in here
    bool reading = false;    // older rows are on their way, so newer ones keep out
    bool active = false;     // queued, under way or waiting
    bool calling = false;    // holds one of its integration's calls
    std::uint64_t read = 0;  // the read that brings them
    int waits = 0;           // in a row
    std::int64_t due = 0;    // Unix milliseconds: a wait that is known exactly
    std::unique_ptr<Clock::Timer> timer;
  };

  // An integration that is away may fill its own share, not the room of the others.
  struct Limits {
    Limits(std::size_t rows_, std::size_t bytes_, std::size_t per_lane_, std::size_t lanes_)
        : rows(rows_), bytes(bytes_), per_lane(per_lane_), lanes(lanes_) {}
    std::size_t rows;  // of all; one integration: a quarter
    std::size_t bytes;
    std::size_t per_lane;
    std::size_t lanes;  // of one integration
  };

  explicit Lanes(Limits limits) : limits_(limits) {}

  // A row that was just committed. When it does not fit, or the store may hold older rows of its lane that
  // nobody has told of, its lane is behind. Null: the row is in here already, or there is no room for another
  // lane.
  std::shared_ptr<Lane> accept(InboxRow row);
  // The store holds this row: null when it is in here, else its lane, which is now behind.
  std::shared_ptr<Lane> missed(Id row, const Key& key);
  // Around a read of the oldest rows of a lane that has none in memory. How many to read now:
  std::size_t begin_refill(Lane& lane);
  // What was read, oldest first; `all`: there were no more.
  void refill(Lane& lane, std::vector<InboxRow> rows, bool all);
  // The first row of the lane has ended or is set aside.
  void pop(Lane& lane);
  // Forgets a lane that has nothing left.
  void release(const std::shared_ptr<Lane>& lane);

  // Around a read: what ends meanwhile is remembered, since the read may still bring it. A refill does it by
  // itself.
  std::uint64_t begin_read();
  void end_read(std::uint64_t began);

  // Around the calls of missed() for everything that is open in the store. Only once such a listing was not
  // interrupted, and no lane of its integration was turned away in it, can a row that is accepted pass no
  // older one.
  void begin_listing();
  void interrupt_listing() { listing_ = complete_ = false; }
  void end_listing();

  std::size_t rows() const { return held_.size(); }
  // Whether lanes of this integration were turned away for want of room since the last question.
  bool take_overflow(Id integration);
  // Since the listing began.
  bool overflows(Id integration) const;

 private:
  struct Share {
    std::size_t lanes = 0;
    std::size_t rows = 0;
    bool overflow = false;
    bool turned_away = false;  // a lane, since the listing began
    bool unlisted = false;     // a lane, and no listing has had room for all since
    bool idle() const { return lanes == 0 && !overflow && !unlisted; }
  };

  std::shared_ptr<Lane> find_or_make(const Key& key);
  bool knows(Id row) const { return held_.count(row) > 0 || ended_.count(row) > 0; }
  void push(Lane& lane, InboxRow row);

  const Limits limits_;
  std::map<Key, std::shared_ptr<Lane>> lanes_;
  std::map<Id, Share> shares_;
  std::unordered_set<Id> held_;
  std::unordered_set<Id> ended_;
  std::deque<std::pair<std::uint64_t, Id>> ended_in_order_;
  std::size_t bytes_ = 0;
  std::set<std::uint64_t> reads_;  // under way, by when they began
  std::uint64_t moment_ = 0;
  bool listing_ = false;
  bool complete_ = false;
};

}  // namespace patchbay::hooks
