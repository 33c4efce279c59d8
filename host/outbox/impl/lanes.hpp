#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/id.hpp"

namespace patchbay::outbox {

// The lanes of one integration that have something to send: ready ones by the age of their first item,
// waiting ones by when they are due. A lane is at one place at a time, and busy while one of its items is on
// its way. Not thread-safe.
class Lanes {
 public:
  using Time = std::chrono::nanoseconds;  // Clock::monotonic

  enum class Wait {
    limit,     // the provider, or the rate it declared, asked for it
    back_off,  // an attempt failed; ends early when the provider turns out to be back
  };

  // The lane has an item `head`. One that is busy remembers it for later; one that waits keeps waiting.
  void offer(const std::string& name, Id head, const std::string& kind = {});
  // The first ready lane.
  std::optional<std::string> first() const;
  void begin(const std::string& name);
  // The item that was on its way is dealt with; `next` is what comes after it.
  void end(const std::string& name, std::optional<Id> next);
  void postpone(const std::string& name, Time due, Wait why);
  // Lanes that are due become ready.
  void promote(Time now);
  // The provider is back: what waits for a back-off need not.
  void forgive();
  std::optional<Time> next_due() const;
  // The kind of conversation, as offered.
  std::string kind(const std::string& name) const;
  // Failures one after another of the lane's first item.
  int failures(const std::string& name) const;
  void count_failure(const std::string& name);
  bool empty() const { return lanes_.empty(); }

 private:
  enum class Place { ready, waiting, busy };
  struct Lane {
    Place place = Place::ready;
    Id head = 0;
    std::string kind;
    Time due{0};
    Wait why = Wait::limit;
    int failures = 0;
    std::optional<Id> offered;
  };

  void make_ready(const std::string& name, Lane& lane);
  void take_out(const std::string& name, const Lane& lane);

  std::unordered_map<std::string, Lane> lanes_;
  std::set<std::pair<Id, std::string>> ready_;
  std::set<std::tuple<Time, Id, std::string>> waiting_;
};

}  // namespace patchbay::outbox
