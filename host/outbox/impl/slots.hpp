#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"

namespace patchbay::outbox {

// How many calls may be on their way at once for what several integrations share. Who finds no room waits his
// turn. Not thread-safe.
class Slots {
 public:
  struct Want {
    std::string key;
    int most = 1;
  };

  // Whether there is room in all of them; else `who` waits for the first that has none.
  bool fit(const std::vector<Want>& wants, Id who) {
    for (const auto& want : wants) {
      auto& slot = slots_[want.key];
      slot.most = want.most;
      if (slot.taken < slot.most) continue;
      const bool waits = std::find(slot.waiting.begin(), slot.waiting.end(), who) != slot.waiting.end();
      if (!waits) slot.waiting.push_back(who);
      return false;
    }
    return true;
  }
  void take(const std::vector<Want>& wants) {
    for (const auto& want : wants) ++slots_[want.key].taken;
  }
  void give_back(const std::string& key) { --slots_[key].taken; }
  // Who may try now. Ask until there is nobody: one that is told may have nothing to send any more.
  std::optional<Id> next(const std::string& key) {
    auto& slot = slots_[key];
    if (slot.taken >= slot.most || slot.waiting.empty()) return std::nullopt;
    const Id who = slot.waiting.front();
    slot.waiting.pop_front();
    return who;
  }

 private:
  struct Slot {
    int most = 1;
    int taken = 0;
    std::deque<Id> waiting;
  };
  std::map<std::string, Slot> slots_;
};

}  // namespace patchbay::outbox
