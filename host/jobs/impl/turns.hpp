#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/id.hpp"

namespace patchbay::jobs {

// Whose job runs next: integrations take turns, whatever number of jobs each has waiting (JOB-3). No locks.
class Turns {
 public:
  Turns(std::size_t running, std::size_t per_integration) : most_(running), share_(per_integration) {}

  // The job wants to run. One that waits already is not added twice.
  void add(Id integration, Id job);
  void remove(Id integration, Id job);
  // The next one, which runs from now on; nothing: no room, or nobody waits.
  std::optional<Id> next();
  void ended(Id integration);
  bool anyone_waits() const { return !order_.empty(); }

 private:
  struct Line {
    std::deque<Id> waiting;
    std::size_t running = 0;
    bool in_order = false;
  };

  void enqueue(Id integration, Line& line);

  const std::size_t most_;
  const std::size_t share_;
  std::size_t running_ = 0;
  std::map<Id, Line> lines_;
  std::deque<Id> order_;  // integrations that may have a turn
};

}  // namespace patchbay::jobs
